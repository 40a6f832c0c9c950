import { checkAsOf } from "shopflow/ml/mod.ts";

/**
 * SQL condition on `dim_products`: the current version of a product that can be recommended. Ids that the catalogue does not know have no
 * page to link to, and service charges (postage, fees) are not goods.
 */
export const IS_OFFERED =
  "is_current AND NOT is_deleted AND NOT is_inferred AND category <> 'Service charge'";

/** How much one event of a kind says about a customer's interest in a product. */
interface InteractionWeights {
  /** A sale, from the order lines. */
  purchase: number;
  add_to_cart: number;
  page_view: number;
}

/**
 * A sale says most; chosen, as the half-life, on test orders (documentation/decisions/recommender.md).
 * Events of type `purchase` are left out, since the order lines already tell of them, and so is
 * `remove_from_cart`: the cart itself was a sign of interest.
 */
export const INTERACTION_WEIGHTS: InteractionWeights = { purchase: 1, add_to_cart: 0.8, page_view: 0.4 };

/** Days in which an interaction loses half its weight. */
export const INTERACTION_HALF_LIFE_DAYS = 180;

export interface InteractionOptions {
  weights?: InteractionWeights;
  /** Days above 0; Infinity for no decay. */
  halfLifeDays?: number;
  /** Tables to read, e.g. the training part of a split. */
  orders?: string;
  events?: string;
}

/**
 * SQL for implicit feedback: one row per known customer and product of the catalogue, from what happened before
 * `asOf`: `customer_id, product_id, weight DOUBLE, purchased BOOLEAN`, in the order of the ids.
 *
 * Weights of repeated interactions add up and are damped as ln(1 + sum), as tf-idf damps counts: the tenth
 * view of a product says less than the first.
 */
export function interactionsSql(asOf: string, options: InteractionOptions = {}): string {
  const {
    weights = INTERACTION_WEIGHTS,
    halfLifeDays = INTERACTION_HALF_LIFE_DAYS,
    orders = "fact_orders",
    events = "fact_events",
  } = options;
  const date = `DATE '${checkAsOf(asOf)}'`;
  const decay = halfLifeDays === Infinity ? "" : ` * pow(0.5, (${date} - day) / ${Number(halfLifeDays)})`;
  return `
WITH interactions AS (
  SELECT customer_id, product_id, order_date AS day, ${Number(weights.purchase)} AS weight, true AS purchased
  FROM ${orders}
  WHERE line_type = 'sale' AND order_date < ${date}
  UNION ALL
  SELECT customer_id, product_id, event_date AS day,
         CASE event_type WHEN 'add_to_cart' THEN ${Number(weights.add_to_cart)}
                         ELSE ${Number(weights.page_view)} END AS weight,
         false AS purchased
  FROM ${events}
  WHERE event_type IN ('page_view', 'add_to_cart') AND event_date < ${date}
)
SELECT customer_id, product_id, ln(1 + sum(CAST(weight AS DOUBLE)${decay})) AS weight,
       bool_or(purchased) AS purchased
FROM interactions JOIN dim_products USING (product_id)
WHERE customer_id <> 'UNKNOWN' AND ${IS_OFFERED} AND weight > 0
GROUP BY customer_id, product_id
ORDER BY customer_id, product_id`;
}

/**
 * SQL for what sold when, the unknown customers' orders among it: one row per product of the catalogue and day
 * before `asOf`: `product_id, age_days, orders`.
 */
export function salesByAgeSql(asOf: string, { orders = "fact_orders" }: { orders?: string } = {}): string {
  const date = `DATE '${checkAsOf(asOf)}'`;
  return `
SELECT product_id, ${date} - order_date AS age_days, count(DISTINCT order_id) AS orders
FROM ${orders} JOIN dim_products USING (product_id)
WHERE line_type = 'sale' AND ${IS_OFFERED} AND order_date < ${date}
GROUP BY product_id, order_date
ORDER BY product_id, age_days`;
}
