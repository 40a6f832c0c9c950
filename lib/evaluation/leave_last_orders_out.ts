import { checkAsOf, IS_OFFERED } from "shopflow/features/mod.ts";

/** Names of the tables that {@linkcode leaveLastOrdersOutSql} creates. */
export const HELD_OUT = {
  /** `fact_orders` without the held-out orders. */
  trainingOrders: "training_orders",
  /** `fact_events` without what a customer did from the held-out order on, and the sessions that led to it. */
  trainingEvents: "training_events",
  /** `customer_id, cut_off DATE, product_id`: what the held-out orders contain. */
  heldOutProducts: "held_out_products",
} as const;

/**
 * Statements that split the facts before `asOf` for judging recommendations: of each known customer with orders
 * on two days or more, the orders of the last day are held out (dates have no time, so orders of one day cannot
 * be told apart), and everything that customer did from then on is removed from training.
 *
 * The visit that led to the order must not tell of it: a session is removed whole when any of its events is on the day
 * of the order or later, or when it ended in a checkout on the day before (an order placed around midnight
 * may be booked on the next day).
 *
 * Other customers' data stays, later orders too: the split asks how well taste carries over between customers,
 * not how well the shop's future is foreseen. Popularity has the same advantage.
 */
export function leaveLastOrdersOutSql(asOf: string): string[] {
  const date = `DATE '${checkAsOf(asOf)}'`;
  return [
    `
CREATE OR REPLACE TEMP TABLE last_order_days AS
SELECT customer_id, max(order_date) AS cut_off
FROM fact_orders
WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < ${date}
GROUP BY customer_id
HAVING count(DISTINCT order_date) >= 2`,
    `
CREATE OR REPLACE TEMP TABLE ${HELD_OUT.heldOutProducts} AS
SELECT DISTINCT customer_id, cut_off, product_id
FROM fact_orders
JOIN last_order_days USING (customer_id)
JOIN dim_products USING (product_id)
WHERE line_type = 'sale' AND order_date = cut_off AND ${IS_OFFERED}
ORDER BY customer_id, product_id`,
    `
CREATE OR REPLACE TEMP TABLE ${HELD_OUT.trainingOrders} AS
SELECT orders.*
FROM fact_orders AS orders LEFT JOIN last_order_days USING (customer_id)
WHERE order_date < ${date} AND (cut_off IS NULL OR order_date < cut_off)`,
    `
CREATE OR REPLACE TEMP TABLE ${HELD_OUT.trainingEvents} AS
WITH sessions AS (
  SELECT customer_id, coalesce(session_id, event_id) AS session, max(event_date) AS last_day,
         bool_or(event_type IN ('checkout', 'purchase')) AS checked_out
  FROM fact_events
  GROUP BY ALL
)
SELECT events.*
FROM fact_events AS events
JOIN sessions ON sessions.customer_id = events.customer_id
             AND sessions.session = coalesce(events.session_id, events.event_id)
LEFT JOIN last_order_days ON last_order_days.customer_id = events.customer_id
WHERE event_date < ${date}
  AND (cut_off IS NULL OR last_day < CASE WHEN checked_out THEN cut_off - 1 ELSE cut_off END)`,
  ];
}
