import { weeksSql, type WholeWeeks } from "./weekly_sales.ts";

/** The business's case against abandoned carts, as it states it: a share of the carts, and money a year. */
export const CART_CASE = { abandonment: 0.68, yearlyLoss: 800_000 };

/**
 * SQL of the carts by week: `week DATE` (its Monday), `carts` (visits in which something was put into the cart),
 * `abandoned` of them (nothing was purchased), `abandonment`, and `value_left`: one piece each, at today's price, of
 * the products that were left in abandoned carts. A visit counts in the week in which it began.
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
  SELECT visits.customer_id, visits.visit, day, purchased, coalesce(sum(price), 0) AS value
  FROM visits
  LEFT JOIN left_products ON left_products.customer_id = visits.customer_id AND left_products.visit = visits.visit
  LEFT JOIN prices ON prices.product_id = left_products.product_id
  GROUP BY ALL
),
counted AS (
  SELECT CAST(date_trunc('week', day) AS DATE) AS week, count(*) AS carts,
         count(*) FILTER (NOT purchased) AS abandoned, sum(value) FILTER (NOT purchased) AS value_left
  FROM valued
  GROUP BY week
)
SELECT week, coalesce(carts, 0) AS carts, coalesce(abandoned, 0) AS abandoned, abandoned / carts AS abandonment,
       coalesce(value_left, 0) AS value_left
FROM weeks LEFT JOIN counted USING (week)
ORDER BY week`;
}
