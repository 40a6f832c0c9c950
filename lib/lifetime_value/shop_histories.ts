import type { AsOfDate } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import type { CustomerHistories } from "./transactions.ts";

/** Histories of the shop's customers in days, with what they bought lately and, where it is known, later. */
export interface ShopHistories extends CustomerHistories {
  /** Purchases in the last `windowDays` before the as-of date, the first one too. */
  recentPurchases: Float64Array;
  /** Purchases and sales in the `laterDays` from the as-of date on. */
  laterPurchases: Float64Array;
  laterAmount: Float64Array;
}

/**
 * Purchases as of a date. All orders of a customer on one day are one purchase: the warehouse knows days. Its amount is
 * what the sales of that day cost after discounts, before returns; the mean is of all purchases with an amount, with the
 * first. Times are in days, T until the day before the as-of date. Sums are of
 * decimals: those of doubles would depend on the order of the rows.
 */
export const shopHistoriesSql = (
  asOf: AsOfDate,
  { windowDays, laterDays = 0 }: { windowDays: number; laterDays?: number },
) => `
  WITH purchases AS (
    SELECT customer_id, order_date, sum(net_amount) AS amount
    FROM fact_orders
    WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
      AND order_date < DATE '${asOf}' + INTERVAL ${laterDays} DAY
    GROUP BY ALL
  )
  SELECT customer_id,
    count(*) FILTER (known) - 1 AS frequency,
    max(order_date) FILTER (known) - min(order_date) AS recency,
    DATE '${asOf}' - 1 - min(order_date) AS t,
    count(*) FILTER (known AND amount > 0) AS paid,
    coalesce(sum(amount) FILTER (known AND amount > 0)::DOUBLE / paid, 0) AS mean_amount,
    count(*) FILTER (known AND order_date >= DATE '${asOf}' - INTERVAL ${windowDays} DAY) AS recent,
    count(*) FILTER (NOT known) AS later,
    coalesce(sum(amount) FILTER (NOT known), 0)::DOUBLE AS later_amount
  FROM (SELECT *, order_date < DATE '${asOf}' AS known FROM purchases)
  GROUP BY customer_id
  HAVING min(order_date) < DATE '${asOf}'
  ORDER BY customer_id`;

/** Reads the histories of all customers who had bought by the day before `asOf`. */
export async function readShopHistories(
  session: Pick<Session, "columns">,
  asOf: AsOfDate,
  window: { windowDays: number; laterDays?: number },
): Promise<ShopHistories> {
  const columns = await session.columns(shopHistoriesSql(asOf, window));
  const numbers = (name: string) => Float64Array.from((columns[name] ?? []) as number[]);
  return {
    customers: (columns.customer_id ?? []) as string[],
    frequency: numbers("frequency"),
    recency: numbers("recency"),
    T: numbers("t"),
    spending: { count: numbers("paid"), meanAmount: numbers("mean_amount") },
    unit: "day",
    observedUntil: asOf,
    recentPurchases: numbers("recent"),
    laterPurchases: numbers("later"),
    laterAmount: numbers("later_amount"),
  };
}
