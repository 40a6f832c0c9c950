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
  valueAt,
} from "shopflow/ml/mod.ts";
import { loadTreeClassifier } from "shopflow/ml/classifier/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS } from "shopflow/customers/mod.ts";
import { featuresSql, leakageText } from "shopflow/ml/features/mod.ts";
import { loadRecencyChurnModel, recencyBaseline } from "./baseline.ts";
import { backtestChurn, CHURN_PARAMETERS, SEARCH_TRIALS } from "./backtest/backtest.ts";
import { churnTestPredictions, compareChurnModel } from "./backtest/comparison.ts";
import { churnSlices } from "./backtest/slices.ts";
import { churnMethod } from "./backtest/tuning.ts";
import { checkChurnLeakage, CHURN_HORIZON_DAYS, readChurnExamples } from "./examples.ts";
import { CHURN_USE, churnEvidence, churnMonitoring } from "./evidence.ts";
import { saveChurnInputs } from "./serving/inputs.ts";
import { loadDeclaredChurnModel } from "./model.ts";
import { type ChurnPlaybook, playbookOf } from "./playbook.ts";
import { type ChurnScores, churnServing, type ServedChurnModel } from "./serving/serving.ts";
import { labelledDates, temporalSplit } from "./split.ts";

/** Days of data before a date that the baseline learns from, at least: recency has to differ between customers. */
const BASELINE_HISTORY_DAYS = 30;

/** What a business and its settings decide about the churn model. */
interface ChurnModelOptions {
  /** What answers of the server recommend. */
  playbook: ChurnPlaybook;
  /** Days that versions look ahead which are trained from now on; a version that is stored keeps its own. */
  horizonDays: number;
  /** Combinations of hyper-parameters that a training tries. */
  trials: number;
}

/** The churn model: which customers will not order again within the horizon. */
export const churnModelOf = (
  { playbook, horizonDays, trials }: ChurnModelOptions,
): ModelDefinition<ServedChurnModel, ChurnScores> => ({
  name: "churn",
  module: new URL(import.meta.url),
  parameters: { ...CHURN_PARAMETERS, horizonDays, trials },
  asOf: dayAfterLastSale,
  training: {
    leadingMetric: { label: "AUC", metric: "auc" },
    baselineName: "baseline",
    use: CHURN_USE,
    fit: (session) => fitChurn(session, { horizonDays, trials }),
    fitBaseline: (session) => fitRecency(session, horizonDays),
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
      ["horizon_days", "INTEGER", "days from `as_of` on that the model looks ahead: 30, 60 or 90"],
      [
        "churn_probability",
        "DOUBLE",
        "calibrated probability of no order in the `horizon_days` from `as_of` on",
      ],
      [
        "reasons",
        "VARCHAR",
        "JSON, up to five of `{topic, feature, value, contribution, effect, text}`, the strongest first; features of " +
        "one topic are one reason, whose `contribution` is their sum, in log-odds of the trees before the calibration",
      ],
      ...CUSTOMER_FEATURES.features.map(({ name, description }) => [name, "DOUBLE", description] as const),
    ],
    score: scorePopulation,
    describe: ({ rows, asOf }) => `${formatCount(rows)} customers as of ${asOf}`,
  },
  monitoring: churnMonitoring(horizonDays),
  serving: churnServing(playbook),
});

/** The churn model of a business that has not said what it does about customers at risk, with the default settings. */
export const churnModel = churnModelOf({
  playbook: playbookOf(),
  horizonDays: CHURN_HORIZON_DAYS,
  trials: SEARCH_TRIALS,
});

/**
 * Fits the model and measures it on the latest date whose outcomes are known. The version that was measured is the one
 * that scores: it is not fitted again on the test period.
 */
async function fitChurn(
  session: Session,
  options: Pick<ChurnModelOptions, "horizonDays" | "trials">,
): Promise<Challenger> {
  const { horizonDays } = options;
  const period = await salesPeriod(session);
  const split = temporalSplit(period, { horizonDays });
  const leakage = await checkChurnLeakage(session, split.train, horizonDays);
  const backtest = await backtestChurn(session, split, options);
  const { tuning, model, inputs, baseline, calibration, metrics, test, trainingRows } = backtest;
  const slices = await churnSlices(session, test, backtest.probabilities);
  return {
    // The last label window of the training ends the day before the test date.
    asOf: split.test,
    parameters: { split, tuning, leakage },
    metrics,
    files: {
      ...model.save(),
      ...saveChurnInputs(inputs),
      ...baseline.save(),
      "calibration.json": encodeJson({ asOf: split.test, bins: calibration }),
    },
    predictions: churnTestPredictions(backtest),
    outcomes: test.labels,
    evidence: churnEvidence(backtest, slices, leakage),
    warnings: leakage.flagged.map(({ feature, text }) =>
      `The churn model: ${feature} may know what it should foretell: ${text}. Check when its values are known.`
    ),
    summary:
      `${formatCount(trainingRows)} customers on ${split.train.length} dates, ${churnMethod(tuning)}, ` +
      `${leakageText(leakage)}, ${horizonDays} days ahead, tested on ${
        formatCount(test.labels.length)
      } active customers`,
    compare: (opponents) =>
      compareChurnModel(
        backtest,
        opponents,
        (date) =>
          backtestChurn(session, temporalSplit(period, { test: checkAsOf(date), horizonDays }), options),
      ),
  };
}

/** The baseline: recency alone. */
async function fitRecency(session: Session, horizonDays: number): Promise<Record<string, Uint8Array>> {
  const period = await salesPeriod(session);
  const dates = labelledDates(period, { horizonDays, historyDays: BASELINE_HISTORY_DAYS });
  if (dates.length === 0) {
    throw new TooLittleDataError("Not enough data for churn scores", {
      expected: `at least ${BASELINE_HISTORY_DAYS + horizonDays} days of orders`,
      found: `${daysBetween(period.first, period.last) + 1} days, from ${period.first} to ${period.last}`,
    });
  }
  const { features, labels } = await readChurnExamples(session, dates, horizonDays);
  return (await recencyBaseline({ horizonDays }).fit(features, labels)).save();
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
    let row = 0;
    for (const { probability, reasons } of model.predictAll(Object.fromEntries(inputs))) {
      const known = features.map((column) => column[row] ?? null);
      const customerId = valueAt(customers, row++);
      yield [customerId, asOf, model.horizonDays, probability, JSON.stringify(reasons), ...known];
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
