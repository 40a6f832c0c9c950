import {
  type CalibrationBin,
  calibrationError,
  calibrationTable,
  classificationMetrics,
  type HeldOutValues,
  type TemporalSplit,
} from "shopflow/evaluation/mod.ts";
import { CHURN_HORIZON_DAYS } from "shopflow/features/mod.ts";
import {
  type ChurnInputs,
  churnInputs,
  type Classifier,
  matrixRow,
  recencyBaseline,
  type TreeClassifier,
  type XgboostOptions,
  xgboostTrainer,
} from "shopflow/models/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { type ChurnExamples, readChurnExamples } from "./churn_examples.ts";

/** A churn model, and what it said of customers whose outcome it had not seen. */
export interface ChurnBacktest {
  split: TemporalSplit;
  model: TreeClassifier;
  baseline: Classifier;
  trainingRows: number;
  /** What the model takes, by the rows it was trained on. */
  inputs: ChurnInputs;
  test: ChurnExamples;
  probabilities: Float64Array;
  baselineProbabilities: Float64Array;
  /** By the names that model cards use. */
  metrics: Record<string, number>;
  calibration: CalibrationBin[];
}

export interface ChurnBacktestOptions {
  xgboost?: Partial<XgboostOptions>;
  /** Length of the label window in days. */
  horizonDays?: number;
}

/**
 * Fits the churn model and the recency-only baseline on the training dates of a split and measures both on
 * the test date.
 *
 * @param session A session with the curated tables.
 * @throws {ModelError} when a date has no customers or only one outcome.
 */
export async function backtestChurn(
  session: Pick<Session, "columns">,
  split: TemporalSplit,
  { xgboost = {}, horizonDays = CHURN_HORIZON_DAYS }: ChurnBacktestOptions = {},
): Promise<ChurnBacktest> {
  const training = await readChurnExamples(session, split.train, horizonDays);
  const test = await readChurnExamples(session, [split.test], horizonDays);
  const model = await xgboostTrainer(xgboost).fit(training.features, training.labels);
  const baseline = await recencyBaseline().fit(training.features, training.labels);
  const probabilities = model.predict(test.features);
  const baselineProbabilities = baseline.predict(test.features);
  const calibration = calibrationTable(test.labels, probabilities);
  return {
    split,
    model,
    baseline,
    trainingRows: training.labels.length,
    inputs: churnInputs(training.features),
    test,
    probabilities,
    baselineProbabilities,
    metrics: {
      ...namedMetrics("", test.labels, probabilities),
      ...namedMetrics("baseline_", test.labels, baselineProbabilities),
      calibration_error: calibrationError(calibration),
      ...activeCustomerMetrics(test, probabilities, baselineProbabilities, horizonDays),
      churn_rate: mean(test.labels),
      training_churn_rate: mean(training.labels),
      training_rows: training.labels.length,
      test_rows: test.labels.length,
    },
    calibration,
  };
}

/** Outcomes of the customers whom the playbook would have contacted on the backtest's date. */
export interface PlaybookOutcome {
  contacted: number;
  /** Share of them who did not order in the horizon, 0..1; NaN of nobody. */
  churned: number;
  /** The same of all customers who were active then. */
  activeChurned: number;
}

/** Looks back: the active customers above a risk on the backtest's date, and how many of them really left. */
export function playbookOutcome(
  { test: { features, labels }, probabilities }: Pick<ChurnBacktest, "test" | "probabilities">,
  riskAbove: number,
  horizonDays: number = CHURN_HORIZON_DAYS,
): PlaybookOutcome {
  const active = activeRows(features, horizonDays);
  const contacted = active.filter((row) => probabilities[row]! > riskAbove);
  const churned = (rows: number[]) => mean(Uint8Array.from(rows, (row) => labels[row]!));
  return { contacted: contacted.length, churned: churned(contacted), activeChurned: churned(active) };
}

/** Rows of customers who had ordered within the horizon. */
function activeRows(features: ChurnExamples["features"], horizonDays: number): number[] {
  const recency = features.names.indexOf("recency_days");
  const rows: number[] = [];
  for (let row = 0; row < features.rows; row++) {
    if (matrixRow(features, row)[recency]! <= horizonDays) rows.push(row);
  }
  return rows;
}

/**
 * The same among customers who had ordered within the horizon, so were not churned yet: the harder question,
 * and the one a campaign asks. Left out where all of them had one outcome.
 */
function activeCustomerMetrics(
  { features, labels }: ChurnExamples,
  probabilities: Float64Array,
  baselineProbabilities: Float64Array,
  horizonDays: number,
): Record<string, number> {
  const active = activeRows(features, horizonDays);
  const outcomes = Uint8Array.from(active, (row) => labels[row]!);
  const share = active.length === 0 ? 0 : mean(outcomes);
  if (share === 0 || share === 1) return { active_rows: active.length };
  return {
    active_rows: active.length,
    active_churn_rate: share,
    active_auc: classificationMetrics(outcomes, Float64Array.from(active, (row) => probabilities[row]!)).auc,
    active_baseline_auc:
      classificationMetrics(outcomes, Float64Array.from(active, (row) => baselineProbabilities[row]!)).auc,
  };
}

/** The figure that versions keep of each held-out customer. */
export const CHURN_HELD_OUT = "churn_probability";

/** What the model said of each customer of the test date, for comparisons with later versions. */
export function churnHeldOut({ split, test, probabilities }: ChurnBacktest): HeldOutValues {
  return {
    figure: CHURN_HELD_OUT,
    customerIds: test.customerIds,
    days: test.customerIds.map(() => split.test),
    values: probabilities,
  };
}

function namedMetrics(prefix: string, labels: Uint8Array, probabilities: Float64Array) {
  const { auc, logLoss, brier } = classificationMetrics(labels, probabilities);
  return { [`${prefix}auc`]: auc, [`${prefix}log_loss`]: logLoss, [`${prefix}brier`]: brier };
}

function mean(labels: Uint8Array): number {
  return labels.reduce((sum, label) => sum + label, 0) / labels.length;
}
