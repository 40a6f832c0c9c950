import { formatCount } from "shopflow/runtime/mod.ts";
import { counted, type FeatureGroup, percent } from "shopflow/ml/features/mod.ts";

const SALE = "line_type = 'sale'";

/** What a customer bought and gave back: recency, frequency, monetary value, tenure, discounts, returns. */
export const ORDER_FEATURES: FeatureGroup = {
  rows: "order_lines",
  sql: (asOf) => `
order_lines AS (
  SELECT orders.customer_id, orders.order_id, orders.product_id, orders.line_type, orders.quantity,
         orders.order_amount, orders.discount_amount, orders.net_amount, products.category,
         DATE '${asOf}' - orders.order_date AS days_ago
  FROM fact_orders AS orders
  LEFT JOIN dim_products AS products ON products.product_id = orders.product_id AND products.is_current
  WHERE orders.order_date < DATE '${asOf}' AND orders.customer_id <> 'UNKNOWN'
)`,
  features: [
    {
      name: "recency_days",
      description: "Days since the last order",
      unit: "days",
      sql: `min(days_ago) FILTER (${SALE})`,
      whenAbsent: null,
      text: (value, { order_gap_mean_days: gap }) =>
        `${counted(value, "day")} since the last order` + (gap ? ` (usual gap ${Math.round(gap)})` : ""),
    },
    {
      name: "order_count",
      description: "Orders so far",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} so far`,
    },
    {
      name: "orders_90d",
      description: "Orders in the last 90 days",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago <= 90)`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} in the last 90 days`,
    },
    {
      name: "orders_91_180d",
      description: "Orders 91 to 180 days ago",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago BETWEEN 91 AND 180)`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} in the 90 days before the last 90`,
    },
    {
      name: "net_sales",
      description: "Sales so far, after discounts",
      unit: "currency",
      sql: `sum(net_amount) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `spent ${formatCount(Math.round(value))} so far`,
    },
    {
      name: "net_sales_90d",
      description: "Sales in the last 90 days",
      unit: "currency",
      sql: `coalesce(sum(net_amount) FILTER (${SALE} AND days_ago <= 90), 0)`,
      whenAbsent: 0,
      text: (value) => `spent ${formatCount(Math.round(value))} in the last 90 days`,
    },
    {
      name: "average_order_value",
      description: "Sales per order",
      unit: "currency",
      sql: `sum(net_amount) FILTER (${SALE}) / nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${formatCount(Math.round(value))} spent per order on average`,
    },
    {
      name: "items_per_order",
      description: "Items per order",
      unit: "items",
      sql: `sum(quantity) FILTER (${SALE}) / nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${counted(value, "item")} per order on average`,
    },
    {
      name: "tenure_days",
      description: "Days since the first order",
      unit: "days",
      sql: `max(days_ago) FILTER (${SALE})`,
      whenAbsent: null,
      text: (value) => `customer for ${counted(value, "day")}`,
    },
    {
      name: "product_count",
      description: "Products bought",
      unit: "products",
      sql: `count(DISTINCT product_id) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `bought ${counted(value, "different product")}`,
    },
    {
      name: "category_count",
      description: "Categories bought",
      unit: "categories",
      sql: `count(DISTINCT category) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => Math.round(value) === 1 ? "bought in 1 category" : `bought in ${value} categories`,
    },
    {
      name: "discount_share",
      description: "Share of sales given as discounts",
      unit: "share",
      sql: `sum(discount_amount) FILTER (${SALE}) / nullif(sum(order_amount) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${percent(value)} of sales given as discounts`,
    },
    {
      name: "return_count",
      description: "Returned order lines",
      unit: "lines",
      sql: "count(*) FILTER (line_type = 'return')",
      whenAbsent: 0,
      text: (value) => value === 0 ? "nothing returned" : `${counted(value, "return")}`,
    },
    {
      name: "return_share",
      description: "Share of sales returned",
      unit: "share",
      sql: `coalesce(-sum(net_amount) FILTER (line_type = 'return'), 0) / ` +
        `nullif(sum(net_amount) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${percent(value)} of sales returned`,
    },
  ],
};

/** The customer's own rhythm: days between one order day and the next. Unknown until a second order day. */
export const ORDER_GAP_FEATURES: FeatureGroup = {
  rows: "order_days",
  sql: (asOf) => `
order_days AS (
  SELECT customer_id, DATE '${asOf}' - order_date AS days_ago,
         order_date - lag(order_date) OVER (PARTITION BY customer_id ORDER BY order_date) AS gap
  FROM (
    SELECT DISTINCT customer_id, order_date FROM fact_orders
    WHERE line_type = 'sale' AND order_date < DATE '${asOf}' AND customer_id <> 'UNKNOWN'
  )
)`,
  features: [
    {
      name: "order_gap_mean_days",
      description: "Mean days between order days",
      unit: "days",
      sql: "avg(gap)",
      whenAbsent: null,
      text: (value) => `${counted(value, "day")} between orders on average`,
      unknownText: "no second order yet, so no usual gap",
    },
    {
      name: "order_gap_sd_days",
      description: "Standard deviation of the days between order days",
      unit: "days",
      // From whole-number sums rather than stddev_samp, whose last bits depend on how threads split the rows.
      sql: "CASE WHEN count(gap) >= 2 THEN sqrt(greatest(0, " +
        "(count(gap) * sum(gap * gap) - sum(gap) * sum(gap)) / (count(gap) * (count(gap) - 1)))) END",
      whenAbsent: null,
      text: (value) => `gaps between orders vary by ${counted(value, "day")}`,
      unknownText: "fewer than three orders, so no rhythm yet",
    },
    {
      name: "last_order_gap_days",
      description: "Days between the last two order days",
      unit: "days",
      sql: "arg_min(gap, days_ago)",
      whenAbsent: null,
      text: (value) => `${counted(value, "day")} between the last two orders`,
      unknownText: "no second order yet",
    },
    {
      name: "relative_recency",
      description: "Days since the last order / usual gap",
      unit: "gaps",
      sql: "min(days_ago) / avg(gap)",
      whenAbsent: null,
      text: (value) => `${value.toFixed(1)} times the usual gap without an order`,
      unknownText: "no second order yet to compare with",
    },
  ],
};
