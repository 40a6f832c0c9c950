import { valueAt } from "shopflow/ml/mod.ts";
import {
  checkFeatureNames,
  checkTrainingData,
  type Classifier,
  type ClassifierTrainer,
  readModelJson,
  sigmoid,
  writeModelJson,
} from "shopflow/ml/classifier/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { canBeAbsent, featureLimits } from "shopflow/ml/features/mod.ts";
import { CHURN_HORIZON_DAYS } from "./examples.ts";
import type { ChurnInputs } from "./serving/inputs.ts";
import type { ChurnModel, ChurnPrediction } from "./model.ts";
import { reasonOf } from "./reasons.ts";

const FILE = "recency.json";
const FORMAT = "shopflow-recency-2";
/** Newton's method needs under ten steps; a table on which it does not converge by then is separable. */
const STEPS = 50;
/** Pull of the slope towards 0, which keeps it finite where recency separates the classes. */
const RIDGE = 1e-3;

interface SavedBaseline {
  format: typeof FORMAT;
  /** Days that it looks ahead. */
  horizonDays: number;
  featureNames: string[];
  feature: string;
  intercept: number;
  slope: number;
  /** Mean of ln(1 + recency) in training: the average customer, from whom reasons are counted. */
  center: number;
}

/**
 * What any churn model has to beat: logistic regression on the logarithm of one plus the recency alone,
 * fitted by Newton's method with a slight ridge. An unknown recency counts as 0.
 */
export function recencyBaseline(
  { horizonDays = CHURN_HORIZON_DAYS, feature = "recency_days" }: { horizonDays?: number; feature?: string } =
    {},
): ClassifierTrainer {
  return {
    name: "recency only",
    // deno-lint-ignore require-await
    async fit(features, labels) {
      checkTrainingData(features, labels);
      const x = logRecency(features.names, features.values, feature);
      return baseline({
        format: FORMAT,
        horizonDays,
        featureNames: [...features.names],
        feature,
        ...logisticLine(x, labels),
        center: x.reduce((sum, value) => sum + value, 0) / x.length,
      });
    },
    load: (files) => baseline(readModelJson<SavedBaseline>(files, FILE, FORMAT)),
  };
}

/** The baseline of churn models, which looks at one feature and takes the others only so that callers may send them. */
export interface BaselineChurnModel extends ChurnModel {
  /** What may be sent; required is the recency alone. */
  readonly inputs: Pick<ChurnInputs, "features">;
}

/**
 * The baseline as a churn model that scores one customer at a time, with recency as the only reason. It takes the
 * features of any churn model, so that callers need not know what answers, but it must know the recency.
 *
 * @throws {ModelError} when the files are not those of the baseline.
 */
export function loadRecencyChurnModel(files: Record<string, Uint8Array>): BaselineChurnModel {
  const { horizonDays, featureNames, feature, intercept, slope, center } = readModelJson<SavedBaseline>(
    files,
    FILE,
    FORMAT,
  );
  return {
    featureNames: [...featureNames],
    horizonDays,
    inputs: {
      features: featureNames.map((name) => ({
        name,
        ...featureLimits(CUSTOMER_FEATURES, name),
        required: name === feature,
        canBeAbsent: canBeAbsent(CUSTOMER_FEATURES, name),
      })),
    },
    predict,
    *predictAll(columns) {
      const recency = columns[feature] ?? [];
      for (const value of recency) yield predict({ [feature]: value });
    },
  };

  function predict(features: Record<string, number | null>): ChurnPrediction {
    const unknown = Object.keys(features).filter((name) => !featureNames.includes(name));
    const value = features[feature] ?? null;
    if (unknown.length > 0 || value === null || !Number.isFinite(value)) {
      throw new ModelError("The churn baseline cannot score these features", {
        expected: `${feature}, and no others than ${featureNames.join(", ")}`,
        found: unknown.join(", ") || `${feature} ${value === null ? "unknown" : value}`,
      });
    }
    const x = Math.log1p(Math.max(0, value));
    return {
      probability: sigmoid(intercept + slope * x),
      horizonDays,
      reasons: [reasonOf({ feature, contribution: slope * (x - center) }, features)],
    };
  }
}

function baseline(saved: SavedBaseline): Classifier {
  return {
    featureNames: saved.featureNames,
    predict(features) {
      checkFeatureNames(saved.featureNames, features.names);
      return logRecency(features.names, features.values, saved.feature)
        .map((x) => sigmoid(saved.intercept + saved.slope * x));
    },
    save: () => ({ [FILE]: writeModelJson(saved) }),
  };
}

function logRecency(names: readonly string[], values: Float32Array, feature: string): Float64Array {
  const column = names.indexOf(feature);
  if (column < 0) {
    throw new ModelError("The recency feature is missing", { expected: feature, found: names.join(", ") });
  }
  return Float64Array.from({ length: values.length / names.length }, (_, row) => {
    const value = valueAt(values, row * names.length + column);
    return Number.isNaN(value) ? 0 : Math.log1p(Math.max(0, value));
  });
}

/** Maximum likelihood of P(label = 1) = sigmoid(intercept + slope x). */
function logisticLine(x: Float64Array, labels: Uint8Array): { intercept: number; slope: number } {
  let intercept = 0;
  let slope = 0;
  for (let step = 0; step < STEPS; step++) {
    let [g0, g1, h00, h01, h11] = [0, -RIDGE * slope, RIDGE, 0, RIDGE];
    for (const [i, value] of x.entries()) {
      const p = sigmoid(intercept + slope * value);
      const weight = p * (1 - p);
      g0 += valueAt(labels, i) - p;
      g1 += (valueAt(labels, i) - p) * value;
      h00 += weight;
      h01 += weight * value;
      h11 += weight * value * value;
    }
    const determinant = h00 * h11 - h01 * h01;
    const move0 = (h11 * g0 - h01 * g1) / determinant;
    const move1 = (h00 * g1 - h01 * g0) / determinant;
    intercept += move0;
    slope += move1;
    if (Math.abs(move0) + Math.abs(move1) < 1e-10) break;
  }
  return { intercept, slope };
}
