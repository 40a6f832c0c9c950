import { NORMAL_95 } from "shopflow/ml/statistics/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** Customers by the days from their first order to the second, or to the end of the data where there is none yet. */
export interface WaitingTime {
  days: number;
  /** Those who ordered again on that day. */
  ordered: number;
  /** Those of whom only so many days are known, without a second order. */
  censored: number;
}

/** A point of the curve of those who have ordered again. */
export interface ReturnedBy {
  days: number;
  /** Estimated share of customers with a second order within so many days. */
  share: number;
  /** 95 % interval, by Greenwood's standard error. */
  low: number;
  high: number;
  /** Customers who had not ordered again before that day and are known until then. */
  atRisk: number;
}

/**
 * How long customers wait for their second order.
 *
 * @param period First orders from `first` on count; `last` is the last day of the data.
 */
export async function readWaitingTimes(
  session: Pick<Session, "rows">,
  { first, last }: { first: string; last: string },
): Promise<WaitingTime[]> {
  return await session.rows<WaitingTime>(
    `WITH orders AS (
  SELECT customer_id, order_id, min(order_date) AS day FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date <= DATE '${checkAsOf(last)}'
  GROUP BY ALL
),
firsts AS (
  SELECT customer_id, list(day ORDER BY day, order_id) AS days FROM orders
  GROUP BY customer_id HAVING min(day) >= DATE '${checkAsOf(first)}'
)
SELECT CAST(coalesce(days[2], DATE '${last}') - days[1] AS INTEGER) AS days,
       count(*) FILTER (len(days) > 1) AS ordered, count(*) FILTER (len(days) = 1) AS censored
FROM firsts GROUP BY 1 ORDER BY 1`,
  );
}

/**
 * The share of customers who have ordered again by each day: one minus the product-limit estimate of Kaplan and Meier
 * (1958). Those whose first order is too recent to tell count as long as they are known, and then leave: as if they had
 * not come back, they would make every young shop look bad. Intervals are on the log-log scale (Kalbfleisch and Prentice
 * 2002, 1.4), which keeps them between 0 and 1.
 *
 * @param times In the order of days.
 */
export function returnedBy(times: readonly WaitingTime[]): ReturnedBy[] {
  let atRisk = times.reduce((sum, { ordered, censored }) => sum + ordered + censored, 0);
  let waiting = 1, variance = 0;
  const curve: ReturnedBy[] = [];
  for (const { days, ordered, censored } of times) {
    if (ordered > 0) {
      waiting *= 1 - ordered / atRisk;
      variance += ordered / (atRisk * (atRisk - ordered));
      curve.push({ days, share: 1 - waiting, ...interval(waiting, variance), atRisk });
    }
    atRisk -= ordered + censored;
  }
  return curve;
}

function interval(waiting: number, variance: number): { low: number; high: number } {
  if (waiting <= 0 || waiting >= 1) return { low: 1 - waiting, high: 1 - waiting };
  const width = NORMAL_95 * Math.sqrt(variance) / Math.abs(Math.log(waiting));
  return { low: 1 - waiting ** Math.exp(-width), high: 1 - waiting ** Math.exp(width) };
}

/** The point of the curve that holds on a day; undefined before the first return, and where the data does not reach so far. */
export function returnedWithin(
  curve: readonly ReturnedBy[],
  days: number,
  longest: number,
): ReturnedBy | undefined {
  return days > longest ? undefined : curve.findLast((point) => point.days <= days);
}
