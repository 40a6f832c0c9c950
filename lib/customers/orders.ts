import { formatCount } from "shopflow/runtime/mod.ts";
import { counted, type FeatureRows, percent } from "shopflow/ml/features/mod.ts";

const SALE = "line_type = 'sale'";

/** Customers whose last order is older are lost already; see `CUSTOMER_FEATURES`. */
export const CUSTOMER_POPULATION_DAYS = 365;

/** Lines of orders with the category that their product had when it was ordered. */
const ORDER_LINES =
  `SELECT orders.customer_id, orders.order_id, orders.product_id, orders.order_date, orders.line_type,
  orders.quantity, orders.order_amount, orders.discount_amount, orders.net_amount,
  nullif(products.category, 'Unknown') AS category
FROM fact_orders AS orders
LEFT JOIN dim_products AS products ON products.product_key = orders.product_key
WHERE orders.customer_id <> 'UNKNOWN'`;

/** What a customer bought and gave back: recency, frequency, monetary value, tenure, discounts, returns. */
export const ORDER_LINE_FEATURES: FeatureRows = {
  name: "order_lines",
  knownWhen: "a line of an order or return from the day after `order_date`",
  sql: ORDER_LINES,
  eventTime: "order_date",
  features: [
    {
      name: "recency_days",
      description: "Days since the last order",
      unit: "days",
      sql: `min(days_ago) FILTER (${SALE})`,
      whenAbsent: null,
      text: (value, { order_gap_mean_days: gap }) =>
        `${counted(value, "day")} since the last order` + (gap ? ` (usual gap ${Math.round(gap)})` : ""),
      limits: [0, CUSTOMER_POPULATION_DAYS],
      neverAbove: "tenure_days",
      isRequired: true,
    },
    {
      name: "order_count",
      description: "Orders so far",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} so far`,
      limits: [1, Infinity],
      isRequired: true,
    },
    {
      name: "orders_90d",
      description: "Orders in the last 90 days",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago <= 90)`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} in the last 90 days`,
      neverAbove: "order_count",
    },
    {
      name: "orders_91_180d",
      description: "Orders 91 to 180 days ago",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago BETWEEN 91 AND 180)`,
      whenAbsent: 0,
      text: (value) => `${counted(value, "order")} in the 90 days before the last 90`,
      neverAbove: "order_count",
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
      limits: [1, Infinity],
    },
    {
      name: "category_count",
      description: "Categories bought",
      unit: "categories",
      sql: `nullif(count(DISTINCT category) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => Math.round(value) === 1 ? "bought in 1 category" : `bought in ${value} categories`,
      unknownText: "no category on record",
      limits: [1, Infinity],
      neverAbove: "product_count",
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
      name: "discount_share_90d",
      description: "Share of the sales of the last 90 days given as discounts",
      unit: "share",
      sql: `sum(discount_amount) FILTER (${SALE} AND days_ago <= 90) / ` +
        `nullif(sum(order_amount) FILTER (${SALE} AND days_ago <= 90), 0)`,
      whenAbsent: null,
      text: (value) => `${percent(value)} of the sales of the last 90 days given as discounts`,
      unknownText: "bought nothing in the last 90 days",
    },
    {
      name: "discounted_order_share",
      description: "Share of orders with a discount",
      unit: "share",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND discount_amount > 0) / ` +
        `nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${percent(value)} of orders with a discount`,
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
      name: "returns_180d",
      description: "Order lines returned in the last 180 days",
      unit: "lines",
      sql: "count(*) FILTER (line_type = 'return' AND days_ago <= 180)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "return")} in the last 180 days`,
      neverAbove: "return_count",
    },
    {
      name: "days_since_return",
      description: "Days since the last return",
      unit: "days",
      sql: "min(days_ago) FILTER (line_type = 'return')",
      whenAbsent: null,
      text: (value) => `last return ${counted(value, "day")} ago`,
      unknownText: "nothing returned so far",
    },
    {
      name: "return_share",
      description: "Share of sales returned",
      unit: "share",
      sql: `coalesce(-sum(net_amount) FILTER (line_type = 'return'), 0) / ` +
        `nullif(sum(net_amount) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `${percent(value)} of sales returned`,
      // More may come back than was bought in the time of the data.
      limits: [0, Infinity],
    },
  ],
};

/** How a customer's sales are spread over categories. */
export const CATEGORY_FEATURES: FeatureRows = {
  name: "category_sales",
  knownWhen: "as the line of the order; a category is the one that the product had when it was ordered",
  sql: `SELECT * FROM (${ORDER_LINES}) WHERE ${SALE} AND category IS NOT NULL`,
  eventTime: "order_date",
  combine: { by: "category", columns: "greatest(0, sum(net_amount)) AS sales" },
  features: [
    {
      name: "top_category_share",
      description: "Share of sales in the category bought most",
      unit: "share",
      sql: "max(sales) / nullif(sum(sales), 0)",
      whenAbsent: null,
      text: (value) => `${percent(value)} of sales in one category`,
      unknownText: "no category on record",
    },
  ],
};

/** The customer's own rhythm: days between one order day and the next. Unknown until a second order day. */
export const ORDER_DAY_FEATURES: FeatureRows = {
  name: "order_days",
  knownWhen: "a day with an order from the day after it",
  sql: `SELECT DISTINCT customer_id, order_date FROM fact_orders WHERE ${SALE} AND customer_id <> 'UNKNOWN'`,
  eventTime: "order_date",
  derive: "order_date - lag(order_date) OVER (PARTITION BY customer_id ORDER BY order_date) AS gap",
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
    {
      name: "orders_season_last_year",
      description: "Days with an order a year before the coming 90 days",
      unit: "orders",
      sql: "CASE WHEN max(days_ago) >= 365 THEN count(*) FILTER (days_ago BETWEEN 276 AND 365) END",
      whenAbsent: null,
      text: (value) => `${counted(value, "order")} in the same season last year`,
      unknownText: "customer for less than a year, so no season to compare",
    },
    {
      name: "season_order_share",
      description: "Share of order days that were in the season of the coming 90 days, in earlier years",
      unit: "share",
      // Days until the date comes round again: 0 to 89 is what the next 90 days were in earlier years.
      sql: "CASE WHEN max(days_ago) >= 365 " +
        "THEN count(*) FILTER ((365 - days_ago % 365) % 365 < 90) / count(*) END",
      whenAbsent: null,
      text: (value) => `${percent(value)} of orders in the season that begins`,
      unknownText: "customer for less than a year, so no season to compare",
    },
  ],
};
