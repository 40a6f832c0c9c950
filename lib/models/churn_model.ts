import { ModelError } from "shopflow/errors/mod.ts";
import { churnReasonText } from "shopflow/features/mod.ts";
import { margin, sigmoid } from "./tree_ensemble.ts";
import { createTreeExplainer } from "./tree_shap.ts";
import { loadTreeClassifier, type TreeClassifier } from "./xgboost_classifier.ts";

/** Why a customer's churn risk is above or below the average customer's. */
export interface Reason {
  feature: string;
  /** Null when the value is not known. */
  value: number | null;
  /** What the feature adds to the log-odds of churning (negative: it lowers the risk). */
  contribution: number;
  /** The fact in words. */
  text: string;
}

export interface ChurnPrediction {
  /** Probability of no order in the next 90 days. */
  probability: number;
  /** The strongest reasons, strongest first. */
  reasons: Reason[];
}

/** Scores one customer at a time. */
export interface ChurnModel {
  readonly featureNames: string[];
  /**
   * @param features Values by feature name; null or absent means not known.
   * @throws {ModelError} when a name is no feature, a value is not a finite number, or nothing is known.
   */
  predict(features: Record<string, number | null>): ChurnPrediction;
}

export interface ChurnModelOptions {
  /** How many reasons to give; default 5. */
  reasons?: number;
}

/**
 * Makes a churn model from the files of a version in the registry; needs neither XGBoost nor WebAssembly.
 *
 * @throws {ModelError} when the files are not those of a churn model.
 */
export function loadChurnModel(
  files: Record<string, Uint8Array>,
  options: ChurnModelOptions = {},
): ChurnModel {
  return createChurnModel(loadTreeClassifier(files), options);
}

/** Gives a tree classifier's predictions their reasons. */
export function createChurnModel(
  { featureNames, ensemble }: TreeClassifier,
  { reasons: count = 5 }: ChurnModelOptions = {},
): ChurnModel {
  const explainer = createTreeExplainer(ensemble);
  return {
    featureNames: [...featureNames],
    predict(features) {
      const row = featureRow(featureNames, features);
      const contributions = explainer.contributions(row);
      const order = [...contributions.keys()]
        .filter((j) => contributions[j] !== 0)
        .sort((a, b) => Math.abs(contributions[b]!) - Math.abs(contributions[a]!))
        .slice(0, count);
      return {
        probability: sigmoid(margin(ensemble, row)),
        reasons: order.map((j) => {
          const feature = featureNames[j]!;
          const value = features[feature] ?? null;
          const text = churnReasonText(feature, value, features);
          return { feature, value, contribution: contributions[j]!, text };
        }),
      };
    },
  };
}

function featureRow(names: readonly string[], features: Record<string, number | null>): Float32Array {
  const strange = Object.keys(features).filter((name) => !names.includes(name));
  if (strange.length > 0) {
    throw new ModelError("Not a feature of this model", {
      expected: `names among ${names.join(", ")}`,
      found: strange.join(", "),
    });
  }
  if (names.every((name) => (features[name] ?? null) === null)) {
    throw new ModelError("Nothing is known of the customer", {
      expected: `at least one of ${names.join(", ")}`,
      found: "no value",
    });
  }
  return Float32Array.from(names, (name) => {
    const value = features[name] ?? null;
    if (value === null) return NaN;
    // The trees compare single-precision numbers: what overflows there is on neither side of a threshold.
    if (typeof value === "number" && Number.isFinite(Math.fround(value))) return value;
    throw new ModelError(`${name} has no usable value`, {
      expected: "a number within ±3.4e38, or null where it is not known",
      found: String(value),
    });
  });
}
