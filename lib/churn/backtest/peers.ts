import { logisticTrainer } from "shopflow/ml/classifier/mod.ts";
import type { FeatureSession } from "shopflow/ml/features/mod.ts";
import { fitPurchaseModel, predictPurchases } from "shopflow/lifetime_value/estimation/mod.ts";
import type { AsOfDate } from "shopflow/ml/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import type { ChurnBacktest } from "./backtest.ts";

/** A simpler way to foresee who will not order, on the customers of a backtest's test date. */
export interface ChurnPeer {
  name: string;
  /** One a test customer: of no order in the horizon. */
  probabilities: Float64Array;
}

/** Penalty of the logistic regression, in rows: features that measure nearly the same share their weight. */
const LAMBDA = 10;

/**
 * What a churn model is to be compared with: recency alone, a logistic regression of all features, and the probability to
 * be lost by BG/NBD (Fader, Hardie and Lee 2005), which knows the order days alone. All learn from what the model learned
 * from: data before the test date.
 *
 * @param session That of the backtest.
 * @returns Without BG/NBD where nobody had bought twice.
 */
export async function churnPeers(session: FeatureSession, backtest: ChurnBacktest): Promise<ChurnPeer[]> {
  const { trainingFeatures, trainingLabels, test, baselineProbabilities } = backtest;
  const logistic = await logisticTrainer({ lambda: LAMBDA }).fit(trainingFeatures, trainingLabels);
  const lost = await lostByPurchases(session, backtest);
  return [
    { name: "recency alone", probabilities: baselineProbabilities },
    { name: "logistic regression", probabilities: logistic.predict(test.features) },
    ...(lost === undefined ? [] : [{ name: "BG/NBD, 1 − P(alive)", probabilities: lost }]),
  ];
}

/** Order days of everybody before a date: frequency counts days after the first, times are in days. */
const histories = (asOf: AsOfDate) =>
  `SELECT customer_id, count(DISTINCT order_date) - 1 AS frequency,
  max(order_date) - min(order_date) AS recency, DATE '${asOf}' - min(order_date) AS observed
FROM fact_orders
WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < DATE '${asOf}'
GROUP BY customer_id ORDER BY customer_id`;

async function lostByPurchases(
  session: FeatureSession,
  { split, test, horizonDays }: ChurnBacktest,
): Promise<Float64Array | undefined> {
  const { customer_id = [], ...columns } = await session.columns(histories(split.test));
  const numbers = (name: string) => Float64Array.from(columns[name] as number[]);
  const purchases = { frequency: numbers("frequency"), recency: numbers("recency"), T: numbers("observed") };
  try {
    const model = fitPurchaseModel(purchases, { kind: "bg/nbd" });
    const { alive } = predictPurchases(model, purchases, {
      horizon: horizonDays,
    });
    const lost = new Map(customer_id.map((id, row) => [id, 1 - (alive[row] ?? 1)]));
    return Float64Array.from(test.customerIds, (id) => lost.get(id) ?? 0);
  } catch (error) {
    if (error instanceof TooLittleDataError) return undefined;
    throw error;
  }
}
