import { formatCount } from "shopflow/runtime/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import {
  type Cell,
  type Challenger,
  checkAsOf,
  dayAfterLastSale,
  daysBetween,
  type ModelDefinition,
  salesPeriod,
  type ScoredRows,
  type ScoringInput,
} from "shopflow/ml/mod.ts";
import { loadTreeClassifier } from "shopflow/ml/classifier/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS } from "shopflow/customers/mod.ts";
import { featuresSql } from "shopflow/ml/features/mod.ts";
import { loadRecencyChurnModel, recencyBaseline } from "./baseline.ts";
import { backtestChurn, CHURN_PARAMETERS, churnTestPredictions, compareChurnModel } from "./evaluate.ts";
import { CHURN_HORIZON_DAYS, readChurnExamples } from "./examples.ts";
import { CHURN_MONITORING, CHURN_USE, churnEvidence } from "./evidence.ts";
import { saveChurnInputs } from "./serving/inputs.ts";
import { loadDeclaredChurnModel } from "./model.ts";
import { type ChurnPlaybook, playbookOf } from "./playbook.ts";
import { type ChurnScores, churnServing, type ServedChurnModel } from "./serving/serving.ts";
import { labelledDates, temporalSplit } from "./split.ts";

/** Days of data before a date that the baseline learns from, at least: recency has to differ between customers. */
const BASELINE_HISTORY_DAYS = 30;

/**
 * The churn model: which customers will not order again within 90 days.
 *
 * @param playbook What answers of the server recommend.
 */
export const churnModelOf = (playbook: ChurnPlaybook): ModelDefinition<ServedChurnModel, ChurnScores> => ({
  name: "churn",
  module: new URL(import.meta.url),
  parameters: CHURN_PARAMETERS,
  asOf: dayAfterLastSale,
  training: {
    leadingMetric: { label: "AUC", metric: "auc" },
    baselineName: "baseline",
    use: CHURN_USE,
    fit: fitChurn,
    fitBaseline: fitRecency,
    load: (files, { isBaseline }) =>
      isBaseline ? loadRecencyChurnModel(files) : loadDeclaredChurnModel(files),
    missingFeatures(files) {
      const computed = new Set(CUSTOMER_FEATURES.names);
      return loadTreeClassifier(files).featureNames.filter((name) => !computed.has(name));
    },
  },
  scoreTable: {
    name: "churn",
    subject: "customer",
    meaning:
      "One row per customer with an order in the 365 days before `as_of`; other customers have no score.",
    columns: [
      ["customer_id", "VARCHAR", "the customer"],
      ["as_of", "DATE", "the day after the last order; data from that day on is not used"],
      ["churn_probability", "DOUBLE", "probability of no order in the 90 days from `as_of` on"],
      [
        "reasons",
        "VARCHAR",
        "JSON, up to five of `{feature, value, contribution, text}`, the strongest first; " +
        "`contribution` in log-odds",
      ],
      ...CUSTOMER_FEATURES.features.map(({ name, description }) => [name, "DOUBLE", description] as const),
    ],
    score: scorePopulation,
    describe: ({ rows, asOf }) => `${formatCount(rows)} customers as of ${asOf}`,
  },
  monitoring: CHURN_MONITORING,
  serving: churnServing(playbook),
});

/** The churn model of a business that has not said what it does about customers at risk. */
export const churnModel = churnModelOf(playbookOf());

/**
 * Fits the model and measures it on the latest date whose outcomes are known. The version that was measured is the one
 * that scores: it is not fitted again on the test period.
 */
async function fitChurn(session: Session): Promise<Challenger> {
  const period = await salesPeriod(session);
  const split = temporalSplit(period);
  const backtest = await backtestChurn(session, split);
  const { model, inputs, baseline, calibration, metrics, test, trainingRows } = backtest;
  return {
    // The last label window of the training ends the day before the test date.
    asOf: split.test,
    parameters: { split },
    metrics,
    files: {
      ...model.save(),
      ...saveChurnInputs(inputs),
      ...baseline.save(),
      "calibration.json": encodeJson({ asOf: split.test, bins: calibration }),
    },
    predictions: churnTestPredictions(backtest),
    outcomes: test.labels,
    evidence: churnEvidence(backtest),
    summary: `${formatCount(trainingRows)} customers on ${split.train.length} dates, tested on ` +
      `${formatCount(test.labels.length)} active customers`,
    compare: (opponents) =>
      compareChurnModel(
        backtest,
        opponents,
        (date) => backtestChurn(session, temporalSplit(period, { test: checkAsOf(date) })),
      ),
  };
}

/** The baseline: recency alone. */
async function fitRecency(session: Session): Promise<Record<string, Uint8Array>> {
  const period = await salesPeriod(session);
  const dates = labelledDates(period, { historyDays: BASELINE_HISTORY_DAYS });
  if (dates.length === 0) {
    throw new TooLittleDataError("Not enough data for churn scores", {
      expected: `at least ${BASELINE_HISTORY_DAYS + CHURN_HORIZON_DAYS} days of orders`,
      found: `${daysBetween(period.first, period.last) + 1} days, from ${period.first} to ${period.last}`,
    });
  }
  const { features, labels } = await readChurnExamples(session, dates);
  return (await recencyBaseline().fit(features, labels)).save();
}

/**
 * Scores the population as of a day: customers with an order in the year before. Those who never ordered, or not for
 * longer, have no score.
 */
async function scorePopulation(
  { session, asOf, model }: ScoringInput<ServedChurnModel>,
): Promise<ScoredRows> {
  const { customer_id = [], ...columns } = await session.columns(
    featuresSql(CUSTOMER_FEATURES, checkAsOf(asOf)),
  );
  const customers = customer_id as string[];
  const valuesOf = (name: string) => columns[name] as (number | null)[];
  const features = CUSTOMER_FEATURES.names.map(valuesOf);
  const inputs = model.featureNames.map((name) => [name, valuesOf(name)] as const);
  function* rows(): Generator<Cell[]> {
    for (const [row, customerId] of customers.entries()) {
      const values = Object.fromEntries(inputs.map(([name, column]) => [name, column[row] ?? null]));
      const { probability, reasons } = model.predict(values);
      const known = features.map((column) => column[row] ?? null);
      yield [customerId, asOf, probability, JSON.stringify(reasons), ...known];
    }
  }
  const [all] = await session.rows<{ customers: number }>(
    "SELECT count(*) AS customers FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN'",
  );
  const unscored = Math.max(0, (all?.customers ?? 0) - customers.length);
  return {
    rows: rows(),
    maxRows: customers.length,
    summary: (scored) =>
      `${formatCount(scored)} customers as of ${asOf}; ${
        formatCount(unscored)
      } without an order in the last ` +
      `${CUSTOMER_POPULATION_DAYS} days have no score`,
  };
}
