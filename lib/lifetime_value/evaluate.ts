import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";
import { addDays, type AsOfDate, checkAsOf, daysBetween, mean } from "shopflow/ml/mod.ts";
import {
  type Comparison,
  meanDifference,
  type MetricComparison,
  type Opponent,
  type Opponents,
  predictionLookup,
  readTestPredictions,
  type TestPredictions,
  tryScore,
} from "shopflow/ml/evaluation/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { fitLifetimeValueModel, type FittedLifetimeValue } from "./fit.ts";
import { holdoutErrors } from "./holdout.ts";
import { readShopHistories, type ShopHistories } from "./shop_histories.ts";
import {
  fitRepeatBaseline,
  loadShopModel,
  modelForecast,
  type RepeatBaseline,
  repeatForecast,
  type ShopHoldout,
} from "./shop_model.ts";

/** Fewer days of orders cannot be cut into three periods that say anything. */
const FEWEST_DAYS = 84;
/** The last third of the history is the test, but not more than a year. */
const LONGEST_TEST_DAYS = 365;
/** Fewer test customers tell two models apart by luck alone. */
const FEWEST_CUSTOMERS = 30;

/** A model that has not seen the test period, and what customers did in it. */
export interface LifetimeValueBacktest {
  holdout: ShopHoldout;
  histories: ShopHistories;
  model: FittedLifetimeValue;
  baseline: RepeatBaseline;
  predicted: Float64Array;
  predictedAmount: Float64Array;
  baselinePredicted: Float64Array;
  /** By the names that model cards use. */
  metrics: Record<string, number>;
}

/**
 * The test period of a shop's history: its last third, at most a year.
 *
 * @throws {TooLittleDataError} when there are fewer than 84 days of orders.
 */
export function shopHoldout(
  { first, last }: { first: string; last: string },
): ShopHoldout & { asOf: AsOfDate } {
  const days = daysBetween(first, last) + 1;
  if (days < FEWEST_DAYS) {
    throw new TooLittleDataError("Not enough data for lifetime values", {
      expected: `at least ${FEWEST_DAYS} days of orders`,
      found: `${days} days, from ${first} to ${last}`,
    });
  }
  const testDays = Math.min(LONGEST_TEST_DAYS, Math.floor(days / 3));
  return { asOf: addDays(last, 1 - testDays), days: testDays };
}

/**
 * Fits on what was known before a day and measures on the days from it on: purchases and sales of every customer who had
 * bought before. The baseline repeats the purchases of the equally long period before, shrunk by least squares on the two
 * periods before the test; the pooled mean is the same for everybody.
 *
 * @throws {TooLittleDataError} when nobody bought again before the test, or amounts do not differ.
 */
export async function backtestLifetimeValue(
  session: Pick<Session, "columns">,
  { asOf, days }: ShopHoldout & { asOf: AsOfDate },
): Promise<LifetimeValueBacktest> {
  const window = { windowDays: days, laterDays: days };
  const histories = await readShopHistories(session, asOf, window);
  const before = await readShopHistories(session, addDays(asOf, -days), window);
  if (histories.customers.length === 0 || before.customers.length === 0) {
    throw new TooLittleDataError("Not enough data for lifetime values", {
      expected: `customers who bought more than ${days} days before ${asOf}`,
      found: `${before.customers.length}`,
    });
  }
  const model = fitLifetimeValueModel(histories);
  const baseline = fitRepeatBaseline(before, days);
  const forecast = modelForecast(model, histories, days);
  const repeated = repeatForecast(baseline, histories, days);
  const { laterPurchases, laterAmount } = histories;
  const predictedAmount = forecast.value ?? new Float64Array(laterAmount.length);
  const baselineAmount = repeated.purchases.map((purchases, i) => purchases * (repeated.amount[i] ?? 0));
  // What was bought on average in the period before, known before the test.
  const pooled = new Float64Array(laterPurchases.length).fill(mean(before.laterPurchases));
  const [own, simple] = [
    holdoutErrors(forecast.purchases, laterPurchases),
    holdoutErrors(repeated.purchases, laterPurchases),
  ];
  const [ownMoney, simpleMoney] = [
    holdoutErrors(predictedAmount, laterAmount),
    holdoutErrors(baselineAmount, laterAmount),
  ];
  return {
    holdout: { asOf, days },
    histories,
    model,
    baseline,
    predicted: forecast.purchases,
    predictedAmount,
    baselinePredicted: repeated.purchases,
    metrics: {
      rmse: own.rmse,
      baseline_rmse: simple.rmse,
      pooled_mean_rmse: holdoutErrors(pooled, laterPurchases).rmse,
      mae: own.mae,
      baseline_mae: simple.mae,
      ...(own.correlation !== null && { correlation: own.correlation }),
      ...(simple.correlation !== null && { baseline_correlation: simple.correlation }),
      expected_purchases: own.predicted,
      actual_purchases: own.actual,
      sales_rmse: ownMoney.rmse,
      baseline_sales_rmse: simpleMoney.rmse,
      expected_sales: ownMoney.predicted,
      actual_sales: ownMoney.actual,
      test_customers: laterPurchases.length,
      test_days: days,
    },
  };
}

/** The prediction that versions keep of each test customer. */
const PREDICTION = "purchases";

/** What the stand-in expected of each test customer. */
export const lifetimeValuePredictions = (
  { holdout, histories, predicted }: LifetimeValueBacktest,
): TestPredictions => ({
  metric: PREDICTION,
  customerIds: histories.customers,
  days: histories.customers.map(() => holdout.asOf),
  values: predicted,
});

/**
 * Compares by the root mean squared error of purchases: unlike the absolute error it is smallest for the expectation, where
 * the absolute error rewards a forecast of 0 for customers who mostly do not come back.
 *
 * An opponent was fitted on all orders before its as-of date, so it has seen the challenger's test period. Both are compared
 * on the opponent's own test period instead: by what its stand-in predicted then, and what the challenger's method predicts
 * from the same knowledge.
 *
 * @param backtestOn Fits and measures as the challenger was, on another period.
 */
export async function compareLifetimeValue(
  backtest: LifetimeValueBacktest,
  { champion, reference }: Opponents,
  backtestOn: (holdout: ShopHoldout & { asOf: AsOfDate }) => Promise<LifetimeValueBacktest>,
): Promise<Comparison> {
  const { histories: { laterPurchases }, predicted, baselinePredicted, holdout } = backtest;
  const customers = laterPurchases.length;
  if (customers < FEWEST_CUSTOMERS) {
    return {
      metrics: [],
      unmeasured: `${formatCount(customers)} test customers, ${FEWEST_CUSTOMERS} are needed`,
    };
  }
  const metrics = [rmseComparison("RMSE", "baseline", laterPurchases, predicted, baselinePredicted)];
  const comparison: Comparison = {
    testSet: `purchases of ${
      formatCount(customers)
    } customers in the ${holdout.days} days from ${holdout.asOf}`,
    metrics,
  };
  for (const [role, opponent] of [["champion", champion], ["reference", reference]] as const) {
    if (opponent === undefined) continue;
    const compared = await tryScore(() => metricAgainst(opponent, role, backtest, backtestOn));
    if ("unscorable" in compared) comparison[`${role}Unscorable`] = compared.unscorable;
    else metrics.push(compared);
  }
  return comparison;
}

/** @throws {ModelError} when there is nothing to compare by. */
async function metricAgainst(
  { files, unscorable }: Opponent,
  role: "champion" | "reference",
  latest: LifetimeValueBacktest,
  backtestOn: (holdout: ShopHoldout & { asOf: AsOfDate }) => Promise<LifetimeValueBacktest>,
): Promise<MetricComparison> {
  if (unscorable !== undefined) throw new ModelError(unscorable);
  const stored = readTestPredictions(files, PREDICTION);
  const loaded = loadShopModel(files, { isBaseline: false });
  if (stored === undefined || loaded.kind !== "model") throw new ModelError("it stored no predictions");
  const { asOf, days } = loaded.holdout;
  const isLatest = asOf === latest.holdout.asOf && days === latest.holdout.days;
  const backtest = isLatest ? latest : await backtestOn({ asOf: checkAsOf(asOf), days });
  const of = predictionLookup(stored);
  const { customers, laterPurchases } = backtest.histories;
  const rows = [...customers.keys()].filter((i) => of(customers[i]!, asOf) !== undefined);
  if (rows.length < FEWEST_CUSTOMERS) {
    throw new ModelError(
      `it stored predictions of ${formatCount(rows.length)} of the customers as of ${asOf}`,
    );
  }
  const pick = (values: Float64Array) => Float64Array.from(rows, (i) => values[i]!);
  return rmseComparison(
    `RMSE of ${formatCount(rows.length)} customers in the ${days} days from ${asOf}`,
    role,
    pick(laterPurchases),
    pick(backtest.predicted),
    Float64Array.from(rows, (i) => of(customers[i]!, asOf)!),
  );
}

function rmseComparison(
  name: string,
  opponent: "baseline" | "champion" | "reference",
  actual: Float64Array,
  ours: Float64Array,
  theirs: Float64Array,
): MetricComparison {
  const squared = (predicted: Float64Array) => predicted.map((value, i) => (value - actual[i]!) ** 2);
  const [one, other] = [squared(ours), squared(theirs)];
  const [challenger, rmse] = [Math.sqrt(mean(one)), Math.sqrt(mean(other))];
  // The difference of two roots is that of the squares by the sum of the roots.
  const error = meanDifference(one, other).standardError / (challenger + rmse);
  return {
    name,
    better: "lower",
    leads: true,
    challenger,
    [opponent]: rmse,
    [`${opponent}Error`]: Number.isFinite(error) ? error : 0,
  };
}
