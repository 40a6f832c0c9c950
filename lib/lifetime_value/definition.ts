import { TooLittleDataError } from "shopflow/errors/mod.ts";
import {
  addDays,
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
import { formatCount } from "shopflow/runtime/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import {
  backtestLifetimeValue,
  compareLifetimeValue,
  lifetimeValuePredictions,
  shopHoldout,
} from "./evaluate.ts";
import { fitLifetimeValueModel } from "./fit.ts";
import { LIFETIME_VALUE_SERVING, type LifetimeValueScores } from "./serving.ts";
import { readShopHistories, type ShopHistories, shopHistoriesSql } from "./shop_histories.ts";
import {
  fitRepeatBaseline,
  loadShopModel,
  modelForecast,
  repeatForecast,
  saveRepeatBaseline,
  saveShopModel,
  type ShopValueModel,
} from "./shop_model.ts";

/** How far the score table looks. */
export const VALUE_HORIZON_DAYS = 365;
/** The baseline needs two periods; shorter ones say nothing. */
const FEWEST_BASELINE_DAYS = 28;

/** The lifetime value model: what customers will buy, and whether they still are customers. */
export const lifetimeValueModel: ModelDefinition<ShopValueModel, LifetimeValueScores> = {
  name: "lifetime_value",
  module: new URL(import.meta.url),
  parameters: { purchases: "BG/NBD or MBG/NBD by likelihood", money: "Gamma-Gamma", grain: "day" },
  asOf: dayAfterLastSale,
  training: {
    leadingMetric: { label: "RMSE", metric: "rmse" },
    baselineName: "baseline",
    use: {
      purpose:
        "To know what customers are likely to buy in the next year, so that care and budgets follow value.",
      notFor:
        "a decision about a single customer: the intervals are of the expectation, and a customer's own purchases " +
        "vary far more.",
      limits: [
        "Amounts are sales after discounts and before returns, without margin.",
        "Customers buy at steady rates until they leave: seasons, campaigns and growth are not in it.",
        "All orders of a customer on one day are one purchase.",
      ],
    },
    fit: fitOnAllOrders,
    fitBaseline: async (session) => saveRepeatBaseline(await fitShopBaseline(session)),
    load: loadShopModel,
    missingFeatures(files) {
      // The model has no features; what matters is that it can be read.
      loadShopModel(files, { isBaseline: false });
      return [];
    },
  },
  scoreTable: {
    name: "lifetime_value",
    subject: "customer",
    meaning:
      "One row per customer with an order before `as_of`. Intervals are of 95 % and of the expectation: how well " +
      "the data tell it, not how far a single customer may be from it. With the baseline, which repeats the last year's " +
      "purchases, `alive_probability` and the intervals are null.",
    columns: [
      ["customer_id", "VARCHAR", "the customer"],
      ["as_of", "DATE", "the day after the last order; data from that day on is not used"],
      ["alive_probability", "DOUBLE", "probability that the customer has not left for good"],
      ["expected_purchases", "DOUBLE", "days with an order in the 365 days from `as_of` on, expected"],
      ["expected_purchases_low", "DOUBLE", "lower end of its interval"],
      ["expected_purchases_high", "DOUBLE", "upper end"],
      [
        "expected_amount",
        "DOUBLE",
        "expected sales of such a day, after discounts; null where no amount is known",
      ],
      ["expected_value", "DOUBLE", "expected sales in the 365 days: purchases × amount"],
      ["expected_value_low", "DOUBLE", "lower end of its interval"],
      ["expected_value_high", "DOUBLE", "upper end"],
      ["frequency", "INTEGER", "days with an order after the first one"],
      ["recency_days", "INTEGER", "days from the first order to the last"],
      ["observed_days", "INTEGER", "days from the first order to the day before `as_of`"],
      ["paid_purchases", "INTEGER", "days with an order that cost something, the first too"],
      ["mean_amount", "DOUBLE", "mean sales of these days; null where there is none"],
    ],
    score: scoreAll,
    describe: ({ rows, asOf }) => `${formatCount(rows)} customers as of ${asOf}`,
  },
  monitoring: {
    subjectColumn: "customer_id",
    scoreColumn: "expected_purchases",
    featureColumns: [],
    outcome: `days with an order in ${VALUE_HORIZON_DAYS} days`,
    kind: "amount",
    horizonDays: VALUE_HORIZON_DAYS,
    outcomesSql: (asOf) =>
      `SELECT customer_id, CAST(later AS DOUBLE) AS outcome FROM (${
        shopHistoriesSql(asOf, { windowDays: VALUE_HORIZON_DAYS, laterDays: VALUE_HORIZON_DAYS })
      })`,
  },
  serving: LIFETIME_VALUE_SERVING,
};

/** Measures a stand-in that has not seen the last third of the history, then fits on all orders. */
async function fitOnAllOrders(session: Session): Promise<Challenger> {
  const period = await salesPeriod(session);
  const asOf = addDays(period.last, 1);
  const backtest = await backtestLifetimeValue(session, shopHoldout(period));
  const { holdout, metrics } = backtest;
  const model = fitLifetimeValueModel(await readShopHistories(session, asOf, { windowDays: holdout.days }));
  return {
    asOf,
    parameters: { holdout, ...statedParameters(model) },
    metrics,
    files: saveShopModel(model, holdout),
    predictions: lifetimeValuePredictions(backtest),
    evidence: {
      data: [
        `Learned from all orders before ${asOf}, of ${formatCount(model.purchases.customers)} customers, ` +
        `${formatCount(model.purchases.repeatCustomers)} of whom bought again.`,
        `Measured with a stand-in that knew the orders before ${holdout.asOf}, on the ${holdout.days} days from then on.`,
        ...(holdout.days < VALUE_HORIZON_DAYS
          ? [`Scores look ${VALUE_HORIZON_DAYS} days ahead, farther than could be measured.`]
          : []),
      ],
      method: model.notes,
      features: [],
    },
    summary: `${model.purchases.kind.toUpperCase()} of ${formatCount(model.purchases.customers)} customers`,
    compare: (opponents) =>
      compareLifetimeValue(backtest, opponents, (other) => backtestLifetimeValue(session, other)),
  };
}

/** What a card says of the fitted parameters. */
function statedParameters(
  { purchases, money }: Pick<ReturnType<typeof fitLifetimeValueModel>, "purchases" | "money">,
) {
  const { kind, parameters, notIdentified } = purchases;
  return { kind, ...parameters, ...money?.parameters, ...(notIdentified.length > 0 && { notIdentified }) };
}

/** Fits the baseline on the last two periods of equal length. */
async function fitShopBaseline(session: Session) {
  const { first, last } = await salesPeriod(session);
  const days = daysBetween(first, last) + 1;
  if (days < FEWEST_BASELINE_DAYS) {
    throw new TooLittleDataError("Not enough data for lifetime values", {
      expected: `at least ${FEWEST_BASELINE_DAYS} days of orders`,
      found: `${days} days, from ${first} to ${last}`,
    });
  }
  const windowDays = Math.min(VALUE_HORIZON_DAYS, Math.floor(days / 2));
  const window = { windowDays, laterDays: windowDays };
  return fitRepeatBaseline(
    await readShopHistories(session, addDays(last, 1 - windowDays), window),
    windowDays,
  );
}

/** Scores every customer who ever bought. */
async function scoreAll({ session, asOf, model }: ScoringInput<ShopValueModel>): Promise<ScoredRows> {
  const windowDays = model.kind === "baseline" ? model.baseline.windowDays : VALUE_HORIZON_DAYS;
  const histories = await readShopHistories(session, checkAsOf(asOf), { windowDays });
  const said = model.kind === "model" ? saidByModel(model, histories) : saidByBaseline(model, histories);
  const { customers, frequency, recency, T, spending } = histories;
  function* rows(): Generator<Cell[]> {
    for (const [i, customer] of customers.entries()) {
      const paid = spending?.count[i] ?? 0;
      const known = [frequency[i]!, recency[i]!, T[i]!, paid, paid > 0 ? spending!.meanAmount[i]! : null];
      yield [customer, asOf, ...said(i), ...known];
    }
  }
  return {
    rows: rows(),
    maxRows: customers.length,
    summary: (scored) => `${formatCount(scored)} customers as of ${asOf}`,
  };
}

type Said = (customer: number) => Cell[];

function saidByModel({ model }: ShopValueModel & { kind: "model" }, histories: ShopHistories): Said {
  const values = modelForecast(model, histories, VALUE_HORIZON_DAYS);
  const { alive, purchases, purchasesLow, purchasesHigh, amount, value, valueLow, valueHigh } = values;
  return (i) => [
    alive[i]!,
    purchases[i]!,
    purchasesLow[i]!,
    purchasesHigh[i]!,
    amount?.[i] ?? null,
    value?.[i] ?? null,
    valueLow?.[i] ?? null,
    valueHigh?.[i] ?? null,
  ];
}

function saidByBaseline({ baseline }: ShopValueModel & { kind: "baseline" }, histories: ShopHistories): Said {
  const { purchases, amount } = repeatForecast(baseline, histories, VALUE_HORIZON_DAYS);
  return (i) => {
    const expected = amount[i] ?? null;
    const value = expected === null ? null : purchases[i]! * expected;
    return [null, purchases[i]!, null, null, expected, value, null, null];
  };
}
