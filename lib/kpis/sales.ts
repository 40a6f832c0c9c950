import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";

/** Days of whole months: `from` the first of one, `to` the first of the month after the last of them. */
interface WholeMonths {
  from: string;
  /** Exclusive. */
  to: string;
}

/**
 * The whole months of a period: a month that began before the data, or is not over, has no place beside whole ones.
 *
 * @param period First and last day of the data that counts.
 * @returns Undefined when no whole month is in it.
 */
export function wholeMonths({ first, last }: { first: string; last: string }): WholeMonths | undefined {
  const begin = Temporal.PlainDate.from(checkAsOf(first));
  const from = (begin.day === 1 ? begin : begin.with({ day: 1 }).add({ months: 1 })).toString();
  const to = Temporal.PlainDate.from(addDays(last, 1)).with({ day: 1 }).toString();
  return from < to ? { from, to } : undefined;
}

/** Days of whole weeks: `from` a Monday, `to` the Monday after the last of them. */
interface WholeWeeks {
  from: string;
  /** Exclusive. */
  to: string;
}

/**
 * The last whole weeks (Monday to Sunday) that end before a day, as far back as there is data.
 *
 * @param data First day with a sale.
 * @returns Undefined when no whole week is in the data.
 */
export function wholeWeeks(asOf: string, weeks: number, data: { first: string }): WholeWeeks | undefined {
  const to = monday(asOf);
  const from = monday(checkAsOf(data.first)) < checkAsOf(data.first)
    ? addDays(monday(data.first), 7)
    : data.first;
  const earliest = addDays(to, -7 * weeks);
  const start = from > earliest ? from : earliest;
  return start < to ? { from: start, to } : undefined;
}

/**
 * SQL of the sales by week: `week DATE` (its Monday), `sales` net of returns and discounts, `orders`, `customers`,
 * `newcomer_sales`, the part of customers whose first order was in that week, and `unknown_sales`, the part that names no
 * customer: nobody can tell whose these are. A week without orders has zeros.
 *
 * @throws {InputError} when a day is not a date.
 */
export function weeklySalesSql({ from, to }: WholeWeeks): string {
  return `WITH weeks AS (${weeksSql({ from, to })}),
firsts AS (
  SELECT customer_id, date_trunc('week', min(order_date)) AS first_week FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
  GROUP BY customer_id
),
sales AS (
  SELECT CAST(date_trunc('week', order_date) AS DATE) AS week, sum(net_amount) AS sales,
         count(DISTINCT order_id) FILTER (line_type = 'sale') AS orders,
         count(DISTINCT customer_id) FILTER (line_type = 'sale' AND customer_id <> 'UNKNOWN') AS customers,
         sum(net_amount) FILTER (first_week = date_trunc('week', order_date)) AS newcomer_sales,
         sum(net_amount) FILTER (customer_id = 'UNKNOWN') AS unknown_sales
  FROM fact_orders LEFT JOIN firsts USING (customer_id)
  WHERE order_date >= DATE '${from}' AND order_date < DATE '${to}'
  GROUP BY week
)
SELECT week, coalesce(sales, 0) AS sales, coalesce(orders, 0) AS orders, coalesce(customers, 0) AS customers,
       coalesce(newcomer_sales, 0) AS newcomer_sales, coalesce(unknown_sales, 0) AS unknown_sales
FROM weeks LEFT JOIN sales USING (week)
ORDER BY week`;
}

/** SQL of the Mondays of whole weeks: `week DATE`. */
function weeksSql({ from, to }: WholeWeeks): string {
  return `SELECT CAST(unnest(generate_series(DATE '${checkAsOf(from)}', DATE '${checkAsOf(to)}' - 7,
    INTERVAL 7 DAY)) AS DATE) AS week`;
}

/** The Monday of a day's week. */
function monday(day: string): string {
  return addDays(day, 1 - Temporal.PlainDate.from(checkAsOf(day)).dayOfWeek);
}

/**
 * SQL of the carts by week: `week DATE` (its Monday), `carts` (visits in which something was put into the cart),
 * `abandoned` of them (nothing was purchased), `abandonment`, `value_left`: one piece each, at today's price, of
 * the products that were left in abandoned carts, and `unpriced`, how many of these have no price, so that they are not
 * in that value. A visit counts in the week in which it began.
 *
 * @throws {InputError} when a day is not a date.
 */
export function weeklyCartsSql({ from, to }: WholeWeeks): string {
  return `WITH weeks AS (${weeksSql({ from, to })}),
visits AS (
  SELECT customer_id, coalesce(session_id, event_id) AS visit, min(event_date) AS day,
         bool_or(event_type = 'purchase') AS purchased
  FROM fact_events
  GROUP BY ALL
  HAVING bool_or(event_type = 'add_to_cart') AND day >= DATE '${from}' AND day < DATE '${to}'
),
left_products AS (
  SELECT customer_id, coalesce(session_id, event_id) AS visit, product_id
  FROM fact_events
  WHERE event_type IN ('add_to_cart', 'remove_from_cart') AND product_id IS NOT NULL
  GROUP BY ALL
  HAVING count(*) FILTER (event_type = 'add_to_cart') > count(*) FILTER (event_type = 'remove_from_cart')
),
prices AS (SELECT product_id, max(price) AS price FROM dim_products WHERE is_current GROUP BY product_id),
valued AS (
  SELECT visits.customer_id, visits.visit, day, purchased, coalesce(sum(price), 0) AS value,
         count(left_products.product_id) - count(price) AS unpriced
  FROM visits
  LEFT JOIN left_products ON left_products.customer_id = visits.customer_id AND left_products.visit = visits.visit
  LEFT JOIN prices ON prices.product_id = left_products.product_id
  GROUP BY ALL
),
counted AS (
  SELECT CAST(date_trunc('week', day) AS DATE) AS week, count(*) AS carts,
         count(*) FILTER (NOT purchased) AS abandoned, sum(value) FILTER (NOT purchased) AS value_left,
         sum(unpriced) FILTER (NOT purchased) AS unpriced
  FROM valued
  GROUP BY week
)
SELECT week, coalesce(carts, 0) AS carts, coalesce(abandoned, 0) AS abandoned, abandoned / carts AS abandonment,
       coalesce(value_left, 0) AS value_left, CAST(coalesce(unpriced, 0) AS INTEGER) AS unpriced
FROM weeks LEFT JOIN counted USING (week)
ORDER BY week`;
}

/** How shown lists of recommendations turn into sales. */
interface RecommendationFunnel {
  /** Lists shown a month. */
  shown: number;
  /** Share of the shown lists that are clicked, 0..1. */
  clickThrough: number;
  /** Share of the clicks that end in an order, 0..1. */
  conversion: number;
  /** Money of such an order. */
  orderValue: number;
}

/** Sales a month that come through recommendations: shown × click-through × conversion × order value. */
export function recommendationSales(funnel: RecommendationFunnel): number {
  checkFunnel(funnel);
  return funnel.shown * funnel.clickThrough * funnel.conversion * funnel.orderValue;
}

/**
 * The click-through at which sales are `gain` a month above those of the funnel as it is; above 1 when no
 * list could be that good.
 */
export function clickThroughFor(gain: number, funnel: RecommendationFunnel): number {
  checkFunnel(funnel);
  return funnel.clickThrough + gain / (funnel.shown * funnel.conversion * funnel.orderValue);
}

function checkFunnel(funnel: RecommendationFunnel): void {
  for (const name of ["clickThrough", "conversion"] as const) {
    if (funnel[name] >= 0 && funnel[name] <= 1) continue;
    throw new InputError(`The funnel's ${name} is not a share`, {
      expected: "a number from 0 to 1",
      found: String(funnel[name]),
    });
  }
  for (const name of ["shown", "orderValue"] as const) {
    if (funnel[name] >= 0 && funnel[name] < Infinity) continue;
    throw new InputError(`The funnel's ${name} is out of range`, {
      expected: "a number of at least 0",
      found: String(funnel[name]),
    });
  }
}
