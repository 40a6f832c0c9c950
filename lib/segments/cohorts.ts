import { checkAsOf } from "shopflow/ml/mod.ts";

/** A cell of cohort retention. */
export interface CohortCell {
  /** First day of the month of the first order. */
  cohort: string;
  months_since: number;
  /** Customers of the cohort. */
  customers: number;
  /** Those of them who ordered in that month; null where it is not known yet. */
  active: number | null;
  retention: number | null;
  /** `whole`: the month is over; `partial`: some of its days are not in the data, so `active` may grow; `unknown`: all. */
  state: "whole" | "partial" | "unknown";
  /** Whether the cohort's own month has days that are not in the data, so that more customers may belong to it. */
  is_partial_cohort: boolean;
}

/**
 * SQL of cohort retention: the columns of {@linkcode CohortCell}, a row for every cohort and every number of months that
 * any cohort has reached. Where nobody of a cohort ordered in a month there is 0; what the future holds is null and
 * `unknown`, which is not 0; a month that the data has in part is `partial`.
 *
 * @param period First and last day of the data. Who ordered before the first day is not known: the first cohorts have
 *   customers who are no newcomers.
 * @throws {InputError} when a date is not one.
 */
export function cohortRetentionSql({ first, last }: { first: string; last: string }): string {
  const [begin, end] = [`DATE '${checkAsOf(first)}'`, `DATE '${checkAsOf(last)}'`];
  return `WITH sales AS (
  SELECT customer_id, date_trunc('month', order_date) AS month FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date <= ${end}
  GROUP BY ALL
),
firsts AS (SELECT customer_id, min(month) AS cohort FROM sales GROUP BY customer_id),
cohorts AS (
  SELECT cohort, count(*) AS customers FROM firsts WHERE cohort >= date_trunc('month', ${begin}) GROUP BY cohort
),
orders AS (
  SELECT cohort, date_diff('month', cohort, month) AS months_since, count(*) AS active
  FROM firsts JOIN sales USING (customer_id)
  GROUP BY ALL
),
ages AS (
  SELECT unnest(range(0, 1 + (SELECT date_diff('month', min(cohort), date_trunc('month', ${end})) FROM cohorts))) AS months_since
),
cells AS (
  SELECT cohort, customers, months_since, cohort + to_months(CAST(months_since AS INTEGER)) AS month
  FROM cohorts CROSS JOIN ages
),
stated AS (
  SELECT *, CASE WHEN month > ${end} THEN 'unknown'
                 WHEN month + INTERVAL 1 MONTH > ${end} + 1 OR month < ${begin} THEN 'partial' ELSE 'whole' END AS state
  FROM cells
)
SELECT CAST(stated.cohort AS DATE) AS cohort, CAST(months_since AS INTEGER) AS months_since, customers,
       CASE WHEN state <> 'unknown' THEN coalesce(active, 0) END AS active,
       CASE WHEN state <> 'unknown' THEN coalesce(active, 0) / customers END AS retention, state,
       stated.cohort < ${begin} OR stated.cohort + INTERVAL 1 MONTH > ${end} + 1 AS is_partial_cohort
FROM stated LEFT JOIN orders USING (cohort, months_since)
ORDER BY cohort, months_since`;
}
