import {
  type CalibrationChoice,
  type Calibrator,
  chooseCalibration,
  logLoss,
  meanDifference,
} from "shopflow/ml/evaluation/mod.ts";
import {
  bestRounds,
  type FeatureMatrix,
  matrixRow,
  sigmoid,
  type XgboostOptions,
  xgboostTrainer,
} from "shopflow/ml/classifier/mod.ts";
import { type AsOfDate, valueAt } from "shopflow/ml/mod.ts";
import { createRandom, formatCount } from "shopflow/runtime/mod.ts";
import type { ChurnExamples } from "../examples.ts";

/** A combination of hyper-parameters that was tried on the validation date. */
interface TuningTrial {
  options: Partial<XgboostOptions>;
  /** Trees at which it was best. */
  rounds: number;
  /** Of active customers of the validation date. */
  logLoss: number;
}

/** What was chosen on a date between training and test, and what it was chosen from. */
export interface ChurnTuning {
  xgboost: XgboostOptions;
  calibrator: Calibrator;
  /** Undefined where nothing was chosen: then `reason` says why. */
  validation?: {
    asOf: AsOfDate;
    rows: number;
    trials: TuningTrial[];
    calibrationLogLoss: CalibrationChoice["logLoss"];
  };
  reason?: string;
}

/** What was chosen, in a few words, e.g. `120 trees of depth 3, platt calibration`. */
export function churnMethod({ xgboost, calibrator }: ChurnTuning): string {
  const calibration = {
    none: "no calibration",
    platt: "Platt's calibration",
    isotonic: "isotonic calibration",
  };
  return `${xgboost.rounds} trees of depth ${xgboost.maxDepth}, ${calibration[calibrator.method]}`;
}

/** What is searched: small trees, for data of hundreds to thousands of customers. */
const SPACE = {
  maxDepth: [2, 3, 4, 5],
  minChildWeight: [5, 20, 50],
  subsample: [0.7, 0.8, 1],
  colsampleByTree: [0.4, 0.6, 0.8],
  lambda: [1, 5, 20],
  eta: [0.07, 0.1],
} as const;
/** Most trees of a trial, by learning rate: a smaller one needs more. */
const mostRounds = (eta: number) => Math.ceil(12 / eta);
/** Rows that a trial learns from: more tell the combinations apart no better, and take longer. */
const TRIAL_ROWS = 20_000;
/** Fewer validation customers of an outcome cannot tell a better model from chance. */
const FEWEST_OF_AN_OUTCOME = 50;

/**
 * Chooses trees, their number and a calibration on a validation date: trees learn from earlier dates whose outcomes end
 * before it, and the validation's own outcomes end before the test date, so nothing is chosen on what is reported.
 *
 * The first trial is the defaults; the others are drawn from {@link SPACE} (random search: Bergstra and Bengio 2012, JMLR
 * 13: 281–305). Another combination has to be better than the best so far by more than the standard error of the
 * difference. Equal data and seed give equal choices.
 *
 * @param training Examples of the dates before the validation.
 * @param validation Active customers of the validation date.
 * @param trials Combinations, the defaults among them.
 * @returns The choice, and what the chosen model says of the validation customers, in log-odds of the trees.
 */
export async function tuneChurn(
  { training, validation, asOf }: { training: ChurnExamples; validation: ChurnExamples; asOf: AsOfDate },
  { xgboost, trials }: { xgboost: XgboostOptions; trials: number },
): Promise<{ choice: ChurnTuning; logOdds?: Float64Array }> {
  const churned = validation.labels.filter((label) => label === 1).length;
  const fewest = Math.min(churned, validation.labels.length - churned);
  const outcomes = new Set(training.labels);
  if (fewest < FEWEST_OF_AN_OUTCOME || outcomes.size < 2) {
    const reason = `of ${formatCount(validation.labels.length)} active customers as of ${asOf}, ` +
      `${
        formatCount(churned)
      } did not order; ${FEWEST_OF_AN_OUTCOME} of each outcome are needed to choose by`;
    return { choice: { xgboost, calibrator: { method: "none" }, reason } };
  }
  const random = createRandom(xgboost.seed, "churn search");
  const sample = sampleRows(training, TRIAL_ROWS, random);
  const tried = async (options: Partial<XgboostOptions>, examples: ChurnExamples) => {
    const all = { ...xgboost, ...options };
    const trees = await xgboostTrainer({ ...all, rounds: mostRounds(all.eta) }).fit(
      examples.features,
      examples.labels,
    );
    return { options, ...bestRounds(trees, validation.features, validation.labels) };
  };
  const results = [await tried({}, sample)];
  let best = valueAt(results, 0);
  while (results.length < trials) {
    const next = await tried(draw(random), sample);
    results.push(next);
    if (isBetter(validation.labels, next.logOdds, best.logOdds)) best = next;
  }
  // More rows can carry more trees.
  if (sample !== training) best = await tried(best.options, training);
  const { calibrator, logLoss: calibrationLogLoss } = chooseCalibration({
    labels: validation.labels,
    logOdds: best.logOdds,
    groups: validation.customerIds,
  }, { seed: xgboost.seed });
  return {
    choice: {
      xgboost: { ...xgboost, ...best.options, rounds: best.rounds },
      calibrator,
      validation: {
        asOf,
        rows: validation.labels.length,
        trials: results.map(({ options, rounds, logLoss }) => ({ options, rounds, logLoss })),
        calibrationLogLoss,
      },
    },
    logOdds: best.logOdds,
  };
}

function draw(random: () => number): Partial<XgboostOptions> {
  return Object.fromEntries(
    Object.entries(SPACE).map((
      [name, values],
    ) => [name, valueAt(values, Math.floor(random() * values.length))]),
  );
}

function isBetter(labels: Uint8Array, one: Float64Array, other: Float64Array): boolean {
  const losses = (logOdds: Float64Array) =>
    logOdds.map((value, row) =>
      logLoss(Uint8Array.of(valueAt(labels, row)), Float64Array.of(sigmoid(value)))
    );
  const { difference, standardError } = meanDifference(losses(other), losses(one));
  return difference > standardError;
}

/** At most so many rows, each with the same chance; the examples themselves where they are no more. */
function sampleRows(examples: ChurnExamples, most: number, random: () => number): ChurnExamples {
  const { features, labels, customerIds } = examples;
  if (labels.length <= most) return examples;
  const rows = [...labels.keys()].filter(() => random() < most / labels.length);
  const values = new Float32Array(rows.length * features.names.length);
  for (const [place, row] of rows.entries()) {
    values.set(matrixRow(features, row), place * features.names.length);
  }
  const matrix: FeatureMatrix = { names: features.names, rows: rows.length, values };
  return {
    customerIds: rows.map((row) => valueAt(customerIds, row)),
    features: matrix,
    labels: Uint8Array.from(rows, (row) => valueAt(labels, row)),
  };
}
