import { valueAt } from "shopflow/ml/mod.ts";
import {
  checkFeatureNames,
  createTreeExplainer,
  featureMatrix,
  matrixRow,
  treeMargin,
} from "shopflow/ml/classifier/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { type ChurnClassifier, loadChurnClassifier } from "./classifier.ts";
import { type Reason, strongestReasons } from "./reasons.ts";
import { type ChurnInputs, indexBackground, loadChurnInputs, type SentFeatures } from "./serving/inputs.ts";

export interface ChurnPrediction {
  /** Calibrated probability of no order in the days that the model looks ahead. */
  probability: number;
  /** Those days. */
  horizonDays: number;
  /** The strongest reasons, strongest first. */
  reasons: Reason[];
}

/** A prediction for a customer of whom only some features are known. */
interface ChurnEstimate extends ChurnPrediction {
  /** Features that were not sent. */
  averagedFeatures: string[];
  /** Training customers whose values stood in for them; 0 where nothing was left out. */
  averagedOver: number;
}

/** Scores one customer at a time. */
export interface ChurnModel {
  readonly featureNames: string[];
  /** Its probability is that of no order in so many days. */
  readonly horizonDays: number;
  /**
   * @param features Values by feature name; null means that there is nothing to measure, as in the training data. One
   *   that is absent counts as null, but its reason says that it was not provided.
   * @throws {ModelError} when a name is no feature, a value is not a finite number, or nothing is known.
   */
  predict(features: Record<string, number | null>): ChurnPrediction;
  /**
   * The same of many customers, computed together, which is many times faster.
   *
   * @param columns Values of each feature, one a customer; null as in {@linkcode predict}.
   * @throws {ModelError} when a feature is missing, or a value is not a finite number.
   */
  predictAll(columns: FeatureColumns): Generator<ChurnPrediction>;
}

/** Values of many customers by the name of the feature. */
export type FeatureColumns = Record<string, readonly (number | null)[]>;

/** A churn model that says what it takes, and completes what is not known of a customer. */
export interface DeclaredChurnModel extends ChurnModel {
  readonly inputs: ChurnInputs;
  /**
   * The mean prediction over the training customers that are most like this one in what was sent, each with the sent
   * values in place of its own. Reasons speak only of what was sent.
   *
   * @param sent Checked by {@linkcode inputProblem}; null or absent means not known.
   * @throws {ModelError} when a name is no feature or a value is not a finite number.
   */
  estimate(sent: SentFeatures): ChurnEstimate;
}

interface ChurnModelOptions {
  /** How many reasons to give; default 5. */
  reasons?: number;
}

/**
 * Makes a churn model from the files of a version in the registry; needs no XGBoost, and takes WebAssembly where there is any.
 *
 * @throws {ModelError} when the files are not those of a churn model.
 */
export function loadChurnModel(
  files: Record<string, Uint8Array>,
  options: ChurnModelOptions = {},
): ChurnModel {
  return createChurnModel(loadChurnClassifier(files), options);
}

/**
 * As {@linkcode loadChurnModel}, for answers about customers of whom only some features are known.
 *
 * @throws {ModelError} when the files are not those of a churn model, or it does not say what it takes.
 */
export function loadDeclaredChurnModel(
  files: Record<string, Uint8Array>,
  options: ChurnModelOptions = {},
): DeclaredChurnModel {
  const classifier = loadChurnClassifier(files);
  const inputs = loadChurnInputs(files);
  const explainer = createTreeExplainer(classifier.ensemble);
  // Fills the explainer's tables now, so that the first customer does not wait for it.
  for (let row = 0; row < Math.min(WARM_UP, inputs.background.rows); row++) {
    explainer.contributions(matrixRow(inputs.background, row));
  }
  const score = (row: Float32Array): ScoredRow => ({
    probability: classifier.probability(treeMargin(classifier.ensemble, row)),
    contributions: explainer.contributions(row),
  });
  return declareChurnModel(createChurnModel(classifier, options), score, inputs, options);
}

/**
 * Gives a classifier's predictions their reasons. Contributions are in log-odds of the trees, before the calibration,
 * which keeps their order: who has the higher sum has the higher probability.
 */
export function createChurnModel(
  { featureNames, ensemble, margins, horizonDays, probability }: ChurnClassifier,
  { reasons: count = 5 }: ChurnModelOptions = {},
): ChurnModel {
  const explainer = createTreeExplainer(ensemble);
  return {
    featureNames: [...featureNames],
    horizonDays,
    predict(features) {
      const row = featureRow(featureNames, features);
      return {
        probability: probability(treeMargin(ensemble, row)),
        horizonDays,
        reasons: strongestReasons(featureNames, explainer.contributions(row), features, count),
      };
    },
    *predictAll(columns) {
      const own = featureNames.map((name) => [name, columns[name]] as const);
      const customers = own[0]?.[1]?.length ?? 0;
      for (let first = 0; first < customers; first += AT_ONCE) {
        const some = Object.fromEntries(
          own.map(([name, column]) => [name, column?.slice(first, first + AT_ONCE)]),
        );
        const matrix = featureMatrix(featureNames, some);
        const logOdds = margins(matrix);
        const contributions = explainer.contributionsOf(matrix);
        for (const [row, margin] of logOdds.entries()) {
          const known = Object.fromEntries(
            own.map(([name, column]) => [name, column?.[first + row] ?? null]),
          );
          const ofRow = contributions.subarray(row * own.length, (row + 1) * own.length);
          yield {
            probability: probability(margin),
            horizonDays,
            reasons: strongestReasons(featureNames, ofRow, known, count),
          };
        }
      }
    },
  };
}

/** Customers whose contributions are in memory together. */
const AT_ONCE = 8192;

/** Training customers that stand in for one of whom not everything is known. */
const ALIKE = 40;
const WARM_UP = 200;

/** What a model says of one row of its features, in their order; NaN where there is nothing to measure. */
interface ScoredRow {
  probability: number;
  /** What each feature adds to the log-odds. */
  contributions: Float64Array;
}

/**
 * Makes a churn model estimate what is not sent.
 *
 * @param score The same model, row by row.
 * @throws {ModelError} when the inputs are those of another model.
 */
function declareChurnModel(
  model: ChurnModel,
  score: (row: Float32Array) => ScoredRow,
  inputs: ChurnInputs,
  { reasons: count = 5 }: ChurnModelOptions = {},
): DeclaredChurnModel {
  const names = model.featureNames;
  checkFeatureNames(names, inputs.background.names);
  const index = indexBackground(inputs.background);
  return {
    ...model,
    inputs,
    estimate(sent) {
      const known = Object.fromEntries(
        Object.entries(sent).filter(([, value]) => value !== null)
          .map(([name, value]) => [name, value === "none" ? null : value as number]),
      );
      const row = featureRow(names, known, { mayBeEmpty: true });
      const given = [...names.keys()].filter((j) => valueAt(names, j) in known);
      const complete = given.length === names.length;
      const rows = complete
        ? [row]
        : index.mostAlike(given.map((j) => [j, valueAt(row, j)]), ALIKE).map((alike) => {
          const completed = matrixRow(inputs.background, alike).slice();
          for (const j of given) completed[j] = valueAt(row, j);
          return completed;
        });
      const contributions = new Float64Array(names.length);
      let probability = 0;
      for (const one of rows) {
        const scored = score(one);
        probability += scored.probability / rows.length;
        for (const j of given) contributions[j]! += valueAt(scored.contributions, j) / rows.length;
      }
      return {
        probability,
        horizonDays: model.horizonDays,
        reasons: strongestReasons(names, contributions, known, count),
        averagedFeatures: names.filter((name) => !(name in known)),
        averagedOver: complete ? 0 : rows.length,
      };
    },
  };
}

function featureRow(
  names: readonly string[],
  features: Record<string, number | null>,
  { mayBeEmpty = false } = {},
): Float32Array {
  const strange = Object.keys(features).filter((name) => !names.includes(name));
  if (strange.length > 0) {
    throw new ModelError("Unknown feature of this model", {
      expected: `names among ${names.join(", ")}`,
      found: strange.join(", "),
    });
  }
  if (!mayBeEmpty && names.every((name) => (features[name] ?? null) === null)) {
    throw new ModelError("Nothing is known about the customer", {
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
      expected: "a number within ±3.4e38, or null if it is unknown",
      found: String(value),
    });
  });
}
