import { InputError } from "shopflow/errors/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { type SegmentId, segmentSql } from "./personas.ts";

/** Scores go from 1 to this. */
export const SCORES = 5;

/** A customer as of a day. */
export interface RfmRow {
  as_of: string;
  customer_id: string;
  /** Days from the last order to the as-of date; null of customers who never ordered. */
  recency_days: number | null;
  orders: number;
  /** Sales so far, net of discounts and returns. */
  net_sales: number;
  /** Scores of recency, frequency and money, 1 (worst) to 5; null of customers who never ordered. */
  r: number | null;
  f: number | null;
  m: number | null;
  segment: SegmentId;
}

/**
 * SQL of recency, frequency and money of every customer as of each date, from what was ordered before it: the columns of
 * {@linkcode RfmRow}. A score is 1 plus the fifths of the customers with an order who are strictly worse: 5 means better
 * than at least 80 % of them. Customers who are equal so have the same score, whatever their number; where many are
 * equal, as with one order each, groups are of unequal size and a score may be nobody's. (Equal fifths would split equal
 * customers by chance: `NTILE`, and ranks with method "first", do.) Who signed up before the date and never ordered has
 * no scores.
 *
 * @param dates As-of dates; an order on such a day does not count.
 * @throws {InputError} when there is none, or one is not a date.
 */
export function rfmSql(dates: readonly string[]): string {
  if (dates.length === 0) {
    throw new InputError("Invalid dates of RFM", { expected: "at least one", found: "none" });
  }
  const list = dates.map((date) => `DATE '${checkAsOf(date)}'`).join(", ");
  const better = (order: string) =>
    `CAST(1 + ${SCORES} * (rank() OVER (PARTITION BY as_of ORDER BY ${order}) - 1) // count(*) OVER (PARTITION BY as_of) AS INTEGER)`;
  return `WITH as_of_dates AS (SELECT unnest([${list}]) AS as_of),
buyers AS (
  SELECT as_of, customer_id, CAST(as_of - max(order_date) FILTER (line_type = 'sale') AS INTEGER) AS recency_days,
         CAST(count(DISTINCT order_id) FILTER (line_type = 'sale') AS INTEGER) AS orders,
         CAST(sum(net_amount) AS DOUBLE) AS net_sales
  FROM as_of_dates JOIN fact_orders ON order_date < as_of
  WHERE customer_id <> 'UNKNOWN'
  GROUP BY as_of, customer_id
  HAVING count(*) FILTER (line_type = 'sale') > 0
),
scored AS (
  SELECT *, ${better("recency_days DESC")} AS r, ${better("orders")} AS f, ${
    better("net_sales")
  } AS m FROM buyers
),
prospects AS (
  SELECT as_of, dim_customers.customer_id
  FROM as_of_dates JOIN dim_customers ON signup_date < as_of
  WHERE is_current AND NOT is_inferred AND dim_customers.customer_id <> 'UNKNOWN'
    AND NOT EXISTS (SELECT 1 FROM buyers
                    WHERE buyers.as_of = as_of_dates.as_of AND buyers.customer_id = dim_customers.customer_id)
),
everybody AS (
  SELECT * FROM scored
  UNION ALL SELECT as_of, customer_id, NULL, 0, 0.0, NULL, NULL, NULL FROM prospects
)
SELECT *, ${segmentSql("r", "f")} AS segment FROM everybody`;
}

/** A segment as of a day, for tables and charts. */
export interface SegmentSummary {
  segment: SegmentId;
  customers: number;
  /** Of customers with an order; null in the segment without. */
  median_recency_days: number | null;
  mean_orders: number;
  net_sales: number;
}

/** The segments as of a day that have customers, in no order. */
export async function segmentSummaries(
  session: Pick<Session, "rows">,
  asOf: string,
): Promise<SegmentSummary[]> {
  return await session.rows<SegmentSummary>(
    `SELECT segment, count(*) AS customers, median(recency_days) AS median_recency_days, avg(orders) AS mean_orders,
            sum(net_sales) AS net_sales
     FROM (${rfmSql([asOf])}) GROUP BY segment`,
  );
}

/** How equal values shape the scores, to be said beside them. */
export interface RfmTies {
  /** Customers with an order. */
  customers: number;
  /** Share of them with the commonest number of orders, and that number. */
  commonestOrders: { orders: number; share: number };
  /** Scores that nobody has, by axis. */
  empty: { axis: "recency" | "frequency" | "money"; score: number }[];
}

/** What equal values do to the scores as of a day. */
export async function rfmTies(session: Pick<Session, "rows">, asOf: string): Promise<RfmTies | undefined> {
  const buyers = `(${rfmSql([asOf])})`;
  const counts = await session.rows<{ orders: number; customers: number }>(
    `SELECT orders, count(*) AS customers FROM ${buyers} WHERE orders > 0 GROUP BY orders ORDER BY customers DESC, orders`,
  );
  const customers = counts.reduce((sum, row) => sum + row.customers, 0);
  const [commonest] = counts;
  if (commonest === undefined) return undefined;
  const [present] = await session.rows<Record<"recency" | "frequency" | "money", number[]>>(
    `SELECT list(DISTINCT r) AS recency, list(DISTINCT f) AS frequency, list(DISTINCT m) AS money FROM ${buyers} WHERE r IS NOT NULL`,
  );
  const scores = Array.from({ length: SCORES }, (_, i) => i + 1);
  const empty = (["recency", "frequency", "money"] as const).flatMap((axis) =>
    scores.filter((score) => !present?.[axis].includes(score)).map((score) => ({ axis, score }))
  );
  return {
    customers,
    commonestOrders: { orders: commonest.orders, share: commonest.customers / customers },
    empty,
  };
}
