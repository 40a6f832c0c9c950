import { addDays, type AsOfDate, checkAsOf } from "shopflow/ml/mod.ts";
import { CHURN_HORIZON_DAYS } from "../examples.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { resolveAsOf, type TemporalSplit, temporalSplit } from "../split.ts";

/** First and last day of the data. */
interface Period {
  first: string;
  last: string;
}

/**
 * SQL of the customers who lapse by month: `month DATE, active, lapsed, lapsed_share`. A customer is active on a day who
 * ordered in the `horizonDays` before it, and lapses in a month who was active at its start and no longer is at the start
 * of the next. Only whole months for which a full horizon of history exists; each of them has a row, with the share null
 * where nobody was active at its start.
 *
 * @param period First and last day with a sale.
 * @throws {InputError} when a date is not one.
 */
export function monthlyLapsedSql(period: Period, horizonDays: number = CHURN_HORIZON_DAYS): string {
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
       count(*) FILTER (was_active AND NOT is_active) AS lapsed,
       count(*) FILTER (was_active AND NOT is_active) / nullif(count(*) FILTER (was_active), 0) AS lapsed_share
FROM months LEFT JOIN states USING (month)
GROUP BY month
ORDER BY month`;
}

/** Days of which a lost customer's sales are counted. */
const COST_DAYS = 365;

/**
 * SQL of what it costs that customers lapse: `customers` who lapsed from `from` on and before `to` and have not ordered
 * again by then, and `sales`, what they had brought in the {@link COST_DAYS} days up to their last order, net of returns
 * and discounts: the sales of a year that went with them. It is the gross revenue churn of subscriptions (Farris et al.,
 * Marketing Metrics, 3rd ed. 2015, chapter 5), with an order in 90 days in place of a contract.
 *
 * @param days Of the first and after the last day of the period in which they lapsed.
 * @throws {InputError} when a date is not one.
 */
export function lapsedCostSql(
  { from, to }: { from: string; to: string },
  horizonDays: number = CHURN_HORIZON_DAYS,
): string {
  const lastOrderBefore = (day: string) => `DATE '${addDays(day, -Math.trunc(horizonDays))}'`;
  return `WITH lost AS (
  SELECT customer_id, max(order_date) AS last_order FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < DATE '${checkAsOf(to)}'
  GROUP BY customer_id
  HAVING last_order >= ${lastOrderBefore(from)} AND last_order < ${lastOrderBefore(to)}
)
SELECT count(DISTINCT lost.customer_id) AS customers, coalesce(sum(net_amount), 0) AS sales
FROM lost JOIN fact_orders ON fact_orders.customer_id = lost.customer_id
WHERE order_date > last_order - ${COST_DAYS} AND order_date < DATE '${to}'`;
}

/** What it costs that customers lapse; see {@linkcode lapsedCost}. */
export interface LapsedCost {
  /** First day of the first month and of the month after the last. */
  from: string;
  to: string;
  months: number;
  /** Of the customers active at the start of a month, those who lapsed in it: all months together. */
  lapsedShare: number;
  /** Who lapsed and had not come back by the end. */
  customers: number;
  /** What they had brought in the year up to their last order, net. */
  sales: number;
  /** Net sales of the months, of everybody. */
  allSales: number;
  /** Whether the data has the whole year up to each of these last orders; else what they had brought is at least this. */
  isWhole: boolean;
}

/** A year of months, so that no season is missing. */
const MOST_COST_MONTHS = 12;

/**
 * What it costs that customers lapse, over the last months up to a year: {@linkcode lapsedCostSql}.
 *
 * @param session A session with the curated tables.
 * @param months Whole months, in the order of time: rows of {@linkcode monthlyLapsedSql}.
 * @returns Undefined without a month.
 */
export async function lapsedCost(
  session: Pick<Session, "rows">,
  months: readonly { month: string; active: number; lapsed: number }[],
): Promise<LapsedCost | undefined> {
  const counted = months.slice(-MOST_COST_MONTHS);
  const [first, last] = [counted[0], counted.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const [from, to] = [first.month, Temporal.PlainDate.from(last.month).add({ months: 1 }).toString()];
  const [cost] = await session.rows<{ customers: number; sales: number }>(lapsedCostSql({ from, to }));
  const [all] = await session.rows<{ sales: number; is_whole: boolean }>(
    `SELECT coalesce(sum(net_amount) FILTER (order_date >= DATE '${from}' AND order_date < DATE '${to}'), 0) AS sales,
            min(order_date) <= DATE '${addDays(from, -CHURN_HORIZON_DAYS - COST_DAYS)}' AS is_whole
     FROM fact_orders`,
  );
  const total = (count: (month: typeof counted[number]) => number) =>
    counted.reduce((sum, month) => sum + count(month), 0);
  return {
    from,
    to,
    months: counted.length,
    lapsedShare: total(({ lapsed }) => lapsed) / total(({ active }) => active),
    customers: cost?.customers ?? 0,
    sales: cost?.sales ?? 0,
    allSales: all?.sales ?? 0,
    isWhole: all?.is_whole ?? false,
  };
}

/** Days of data before the first date that a model learns from. */
const HISTORY_DAYS = 90;

/** The dates of a churn report. */
interface ChurnStudy {
  /** Lists of action are of this day: customers as they were before it. */
  asOf: AsOfDate;
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
 * @param wanted Dates, or rules for them such as `latest`, and how far the model looks ahead (default 90 days).
 * @param period First and last day with a sale.
 * @throws {InputError} when what is wanted is neither a date nor a rule.
 */
export function planChurnStudy(
  wanted: { asOf: string; backtestAsOf: string; horizonDays?: number },
  period: Period,
): ChurnStudy {
  const { horizonDays = CHURN_HORIZON_DAYS } = wanted;
  const latest = addDays(period.last, 1);
  const wantedAsOf = resolveAsOf(wanted.asOf, period);
  const wantedBacktest = resolveAsOf(wanted.backtestAsOf, period);
  const notes: string[] = [];
  const known = measurable(period, horizonDays);
  if ("tooLittle" in known) {
    if (wantedAsOf !== latest) {
      notes.push(`Without a model there is no list as of ${wantedAsOf}, only as of ${latest}.`);
    }
    notes.push(`No model is measured. ${known.tooLittle}`);
    return { asOf: latest, isLatest: true, notes };
  }
  // Training needs 90 days of history and the outcomes of one horizon before the date.
  const earliest = addDays(period.first, HISTORY_DAYS + horizonDays);
  const within = (date: AsOfDate, end: AsOfDate, what: string, meaning: string) => {
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
    `the last day whose ${horizonDays} days are known`,
  );
  if (backtest > asOf) {
    notes.push(
      `The backtest is as of ${asOf}, too: a model that knows of later days must not score that day.`,
    );
  }
  const test = backtest < asOf ? backtest : asOf;
  return { asOf, isLatest: asOf === latest, split: temporalSplit(period, { test, horizonDays }), notes };
}

/** The latest dates that a model can be measured on, or why there are none. */
function measurable(period: Period, horizonDays: number): TemporalSplit | { tooLittle: string } {
  try {
    return temporalSplit(period, { horizonDays });
  } catch (error) {
    if (error instanceof TooLittleDataError) return { tooLittle: error.message };
    throw error;
  }
}
