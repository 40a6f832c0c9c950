import { mean, valueAt } from "shopflow/ml/mod.ts";
import {
  auc,
  calibrate,
  type CalibrationBin,
  calibrationTable,
  rankedMetrics,
  rankRows,
} from "shopflow/ml/evaluation/mod.ts";
import {
  type Classifier,
  type FeatureMatrix,
  XGBOOST_DEFAULTS,
  type XgboostOptions,
  xgboostTrainer,
} from "shopflow/ml/classifier/mod.ts";
import type { FeatureSession } from "shopflow/ml/features/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { recencyBaseline } from "../baseline.ts";
import { type ChurnClassifier, churnClassifier } from "../classifier.ts";
import {
  ACTIVE_DAYS,
  activeExamples,
  CHURN_HORIZON_DAYS,
  type ChurnExamples,
  readChurnExamples,
  stackExamples,
} from "../examples.ts";
import { type ChurnInputs, churnInputs } from "../serving/inputs.ts";
import { PLAYBOOK_ASSUMPTIONS } from "../playbook.ts";
import type { TemporalSplit } from "../split.ts";
import { type ChurnTuning, tuneChurn } from "./tuning.ts";

/** A churn model, and what it said of customers whose outcome it had not seen. */
export interface ChurnBacktest {
  split: TemporalSplit;
  /** Days that the model looks ahead. */
  horizonDays: number;
  model: ChurnClassifier;
  /** What was chosen on the validation date, or why nothing was. */
  tuning: ChurnTuning;
  baseline: Classifier;
  trainingRows: number;
  /** What it learned from. */
  trainingFeatures: FeatureMatrix;
  trainingLabels: Uint8Array;
  /** What the model takes, by the rows it was trained on. */
  inputs: ChurnInputs;
  /** Active customers only: those lost already are no question any more, and make any model look good. */
  test: ChurnExamples;
  probabilities: Float64Array;
  baselineProbabilities: Float64Array;
  /** By the names that model cards use. */
  metrics: Record<string, number>;
  calibration: CalibrationBin[];
  /** Active customers of the validation date with what a model said of them that had not seen them. */
  validation?: { examples: ChurnExamples; probabilities: Float64Array };
}

/** How the churn model is trained, wherever that is done: by the pipeline, in a notebook, for a comparison. */
export const CHURN_PARAMETERS = { xgboost: { ...XGBOOST_DEFAULTS, rounds: 80, eta: 0.1, seed: 42 } };

/** Combinations of hyper-parameters that a training tries; as many as the demo has time for. */
export const SEARCH_TRIALS = 3;

/** How a churn model is fitted. */
export interface ChurnBacktestOptions {
  /** What is to differ from {@linkcode CHURN_PARAMETERS}. */
  xgboost?: Partial<XgboostOptions>;
  /** Length of the label window in days; the split has to be made with the same. */
  horizonDays?: number;
  /** Combinations that are tried on the validation date, the defaults among them; 0 tunes nothing. */
  trials?: number;
}

/**
 * Fits the churn model and the recency-only baseline on the training dates of a split, and measures both on the test
 * date, on customers who were active then: those whom one can still keep. `all_auc` is of everybody with an order in the
 * year before. Hyper-parameters, the number of trees and the calibration are chosen on the split's validation date, never
 * on the test; where it has none, the defaults are used, and probabilities are the trees' own.
 *
 * @param session A session with the curated tables.
 * @throws {ModelError} when a date has no customers or only one outcome.
 */
export async function backtestChurn(
  session: FeatureSession,
  split: TemporalSplit,
  { xgboost = {}, horizonDays = CHURN_HORIZON_DAYS, trials = SEARCH_TRIALS }: ChurnBacktestOptions = {},
): Promise<ChurnBacktest> {
  const read = examplesByDate(session, horizonDays);
  const training = stackExamples(await read(split.train));
  const everybody = stackExamples(await read([split.test]));
  const test = activeExamples(everybody, ACTIVE_DAYS);
  requireBothOutcomes(test, split.test);
  const options = { ...CHURN_PARAMETERS.xgboost, ...xgboost };
  const tuning = await tune(split, read, { xgboost: options, trials });
  const trees = await xgboostTrainer(tuning.choice.xgboost).fit(training.features, training.labels);
  const model = churnClassifier(trees, { horizonDays, calibrator: tuning.choice.calibrator });
  const baseline = await recencyBaseline({ horizonDays }).fit(training.features, training.labels);
  const probabilities = model.predict(test.features);
  const baselineProbabilities = baseline.predict(test.features);
  return {
    split,
    horizonDays,
    model,
    tuning: tuning.choice,
    baseline,
    trainingRows: training.labels.length,
    trainingFeatures: training.features,
    trainingLabels: training.labels,
    inputs: churnInputs(training.features),
    test,
    probabilities,
    baselineProbabilities,
    metrics: {
      ...namedMetrics("", test.labels, probabilities),
      ...namedMetrics("baseline_", test.labels, baselineProbabilities),
      all_auc: auc(everybody.labels, model.predict(everybody.features)),
      all_baseline_auc: auc(everybody.labels, baseline.predict(everybody.features)),
      all_rows: everybody.labels.length,
      churn_rate: mean(test.labels),
      training_churn_rate: mean(training.labels),
      training_rows: training.labels.length,
      test_rows: test.labels.length,
    },
    calibration: calibrationTable(test.labels, probabilities),
    ...(tuning.validation && { validation: tuning.validation }),
  };
}

/** Reads each date once: the validation date is a training date, too. */
function examplesByDate(session: FeatureSession, horizonDays: number) {
  const known = new Map<string, ChurnExamples>();
  return async (dates: TemporalSplit["train"]): Promise<ChurnExamples[]> => {
    const parts: ChurnExamples[] = [];
    for (const date of dates) {
      const examples = known.get(date) ?? await readChurnExamples(session, [date], horizonDays);
      known.set(date, examples);
      parts.push(examples);
    }
    return parts;
  };
}

/** What is chosen on the validation date, and what the chosen model says of its active customers. */
async function tune(
  { validation: dates }: TemporalSplit,
  read: ReturnType<typeof examplesByDate>,
  { xgboost, trials }: { xgboost: XgboostOptions; trials: number },
): Promise<{ choice: ChurnTuning } & Pick<ChurnBacktest, "validation">> {
  if (dates === undefined || trials < 1) {
    const reason = trials < 1 ? "no trials were wanted" : "the history is too short for a validation date";
    return { choice: { xgboost, calibrator: { method: "none" }, reason } };
  }
  const training = stackExamples(await read(dates.train));
  const examples = activeExamples(stackExamples(await read([dates.asOf])), ACTIVE_DAYS);
  const { choice, logOdds } = await tuneChurn({ training, validation: examples, asOf: dates.asOf }, {
    xgboost,
    trials,
  });
  if (logOdds === undefined) return { choice };
  const probabilities = logOdds.map((value) => calibrate(choice.calibrator, value));
  return { choice, validation: { examples, probabilities } };
}

/** @throws {TooLittleDataError} when nobody left or nobody stayed. */
function requireBothOutcomes({ labels }: ChurnExamples, date: string): void {
  const churned = labels.filter((label) => label === 1).length;
  if (churned > 0 && churned < labels.length) return;
  throw new TooLittleDataError(`A churn model cannot be measured as of ${date}`, {
    expected: "active customers who ordered again, and others who did not",
    found: `${churned} of ${labels.length} active customers who did not`,
  });
}

/** Outcomes of the customers whom the playbook would have contacted on the backtest's date. */
interface PlaybookOutcome {
  contacted: number;
  /** Share of them who did not order in the horizon, 0..1; NaN of nobody. */
  churned: number;
  /** The same of all customers who were active then. */
  activeChurned: number;
}

/** Looks back: the active customers above a risk on the backtest's date, and how many of them really left. */
export function playbookOutcome(
  { test: { labels }, probabilities }: Pick<ChurnBacktest, "test" | "probabilities">,
  riskAbove: number,
): PlaybookOutcome {
  const contacted = labels.filter((_, row) => valueAt(probabilities, row) > riskAbove);
  return { contacted: contacted.length, churned: mean(contacted), activeChurned: mean(labels) };
}

function namedMetrics(prefix: string, labels: Uint8Array, probabilities: Float64Array) {
  // At which risk customers are contacted changes none of these.
  const metrics = rankedMetrics(rankRows(labels, probabilities), PLAYBOOK_ASSUMPTIONS.riskAbove);
  return {
    [`${prefix}auc`]: metrics.auc,
    [`${prefix}pr_auc`]: metrics.prAuc,
    [`${prefix}log_loss`]: metrics.logLoss,
    [`${prefix}brier`]: metrics.brier,
    [`${prefix}calibration_error`]: metrics.calibrationError,
    [`${prefix}lift_top_tenth`]: metrics.liftTopTenth,
  };
}
