import { addDays, checkAsOf } from "shopflow/ml/mod.ts";
import { CHURN_HORIZON_DAYS } from "./features/features.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { resolveAsOf, type TemporalSplit, temporalSplit } from "./split.ts";

/**
 * SQL of the monthly churn: `month DATE, active, churned, churn_rate`. A customer is active on a day who
 * ordered in the `horizonDays` before it; churned in a month who was active at its start and no longer at
 * the start of the next. Only whole months for which a full horizon of history exists.
 *
 * @param period First and last day with a sale.
 * @throws {InputError} when a date is not one.
 */
export function monthlyChurnSql(
  period: { first: string; last: string },
  horizonDays: number = CHURN_HORIZON_DAYS,
): string {
  checkAsOf(period.first);
  checkAsOf(period.last);
  const activeAt = (day: string) =>
    `bool_or(sales.order_date < ${day} AND sales.order_date >= ${day} - ${Math.trunc(horizonDays)})`;
  return `WITH sales AS (
  SELECT DISTINCT customer_id, order_date FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
),
months AS (
  SELECT CAST(month AS DATE) AS month, CAST(month + INTERVAL 1 MONTH AS DATE) AS next_month
  FROM (
    SELECT unnest(generate_series(date_trunc('month', DATE '${period.first}'),
                                  date_trunc('month', DATE '${period.last}'), INTERVAL 1 MONTH)) AS month
  )
  WHERE CAST(month AS DATE) - ${Math.trunc(horizonDays)} >= DATE '${period.first}'
    AND CAST(month + INTERVAL 1 MONTH AS DATE) <= DATE '${period.last}' + 1
),
states AS (
  SELECT months.month, sales.customer_id,
         ${activeAt("months.month")} AS was_active, ${activeAt("months.next_month")} AS is_active
  FROM months
  JOIN sales ON sales.order_date < months.next_month
            AND sales.order_date >= months.month - ${Math.trunc(horizonDays)}
  GROUP BY months.month, sales.customer_id
)
SELECT month, count(*) FILTER (was_active) AS active,
       count(*) FILTER (was_active AND NOT is_active) AS churned,
       count(*) FILTER (was_active AND NOT is_active) / nullif(count(*) FILTER (was_active), 0) AS churn_rate
FROM states
GROUP BY month
ORDER BY month`;
}

/**
 * SQL of cohort retention: `cohort DATE` (month of the first order), `months_since`, `customers` of the
 * cohort, `active` who ordered in that month, `retention`. Data from `asOf` on does not count.
 *
 * @throws {InputError} when `asOf` is not a date.
 */
export function cohortRetentionSql(asOf: string): string {
  checkAsOf(asOf);
  return `WITH sales AS (
  SELECT customer_id, date_trunc('month', order_date) AS month FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < DATE '${asOf}'
  GROUP BY ALL
),
cohorts AS (SELECT customer_id, min(month) AS cohort FROM sales GROUP BY customer_id),
sizes AS (SELECT cohort, count(*) AS customers FROM cohorts GROUP BY cohort)
SELECT CAST(cohorts.cohort AS DATE) AS cohort,
       date_diff('month', cohorts.cohort, sales.month) AS months_since,
       any_value(sizes.customers) AS customers, count(*) AS active,
       count(*) / any_value(sizes.customers) AS retention
FROM sales
JOIN cohorts ON cohorts.customer_id = sales.customer_id
JOIN sizes ON sizes.cohort = cohorts.cohort
GROUP BY cohorts.cohort, sales.month
ORDER BY cohorts.cohort, sales.month`;
}

/** The dates of a churn report. */
interface ChurnStudy {
  /** Lists of action are of this day: customers as they were before it. */
  asOf: string;
  /** Whether that is the day after the last sale; else the lists, too, look back. */
  isLatest: boolean;
  /**
   * Dates the report's model learns from and is measured on; the 90 days after the latter are known. Undefined where the
   * data is too short for any.
   */
  split?: TemporalSplit;
  /** What the reader must know when these are not the requested dates. */
  notes: string[];
}

/**
 * The dates of a report: that of its lists of action, and that on which its model is measured. A date outside the data
 * is replaced by the latest, and a note says so: a report with a stated other date is of more use than none.
 *
 * @param wanted Dates, or rules for them such as `latest`.
 * @param period First and last day with a sale.
 * @throws {InputError} when what is wanted is neither a date nor a rule.
 */
export function planChurnStudy(
  wanted: { asOf: string; backtestAsOf: string },
  period: { first: string; last: string },
): ChurnStudy {
  const latest = addDays(period.last, 1);
  const [wantedAsOf, wantedBacktest] = [wanted.asOf, wanted.backtestAsOf].map((date) =>
    resolveAsOf(date, period)
  ) as [string, string];
  const notes: string[] = [];
  const known = measurable(period);
  if ("tooLittle" in known) {
    if (wantedAsOf !== latest) {
      notes.push(`Without a model there is no list as of ${wantedAsOf}, only as of ${latest}.`);
    }
    notes.push(`No model is measured. ${known.tooLittle}`);
    return { asOf: latest, isLatest: true, notes };
  }
  // Training needs 90 days of history and 90 days of outcomes before the date.
  const earliest = addDays(period.first, 2 * CHURN_HORIZON_DAYS);
  const within = (date: string, end: string, what: string, meaning: string) => {
    if (date >= earliest && date <= end) return date;
    notes.push(
      `${date} lies outside the data: orders run from ${period.first} to ${period.last}, so ${what} can be as of ` +
        `${earliest} to ${end}. Here it is ${end}, ${meaning}.`,
    );
    return end;
  };
  const asOf = within(
    wantedAsOf,
    latest,
    "a list of customers",
    "the day after the last sale",
  );
  const backtest = within(
    wantedBacktest,
    known.test,
    "a backtest",
    `the last day whose ${CHURN_HORIZON_DAYS} days are known`,
  );
  if (backtest > asOf) {
    notes.push(
      `The backtest is as of ${asOf}, too: a model that knows of later days must not score that day.`,
    );
  }
  const test = backtest < asOf ? backtest : asOf;
  return { asOf, isLatest: asOf === latest, split: temporalSplit(period, { test }), notes };
}

/** The latest dates that a model can be measured on, or why there are none. */
function measurable(period: { first: string; last: string }): TemporalSplit | { tooLittle: string } {
  try {
    return temporalSplit(period);
  } catch (error) {
    if (error instanceof TooLittleDataError) return { tooLittle: error.message };
    throw error;
  }
}
