import { formatCount } from "shopflow/runtime/mod.ts";
import { countText, type FeatureRows, shareText, timesText } from "shopflow/ml/features/mod.ts";

const SALE = "line_type = 'sale'";

/** Customers whose last order is older are lost already; see `CUSTOMER_FEATURES`. */
export const CUSTOMER_POPULATION_DAYS = 365;

/** When the last order was, beside the customer's own rhythm. */
function lastOrderText(days: number, usualGap: number | null | undefined): string {
  const isLate = days > (usualGap ?? LATE_DAYS);
  const last = isLate
    ? `Has not ordered for ${countText(days, "day")}`
    : days < 1
    ? "Last ordered today"
    : `Last ordered ${countText(days, "day")} ago`;
  return usualGap ? `${last}, usually orders every ${countText(usualGap, "day")}` : last;
}

/** After so many days it is news that a customer without a rhythm has not ordered again. */
const LATE_DAYS = 30;

/** Lines of orders with the category that their product had when it was ordered. */
const ORDER_LINES =
  `SELECT orders.customer_id, orders.order_id, orders.product_id, orders.order_date, orders.line_type,
  orders.quantity, orders.order_amount, orders.discount_amount, orders.net_amount, orders.arrived_at,
  nullif(products.category, 'Unknown') AS category
FROM fact_orders AS orders
LEFT JOIN dim_products AS products ON products.product_key = orders.product_key
WHERE orders.customer_id <> 'UNKNOWN'`;

/** What a customer bought and gave back: recency, frequency, monetary value, tenure, discounts, returns. */
export const ORDER_LINE_FEATURES: FeatureRows = {
  name: "order_lines",
  knownWhen:
    "a line of an order or return from the day after `order_date`; a late one from the day of `arrived_at` on",
  sql: ORDER_LINES,
  eventTime: "order_date",
  arrival: { time: "arrived_at", table: "fact_orders" },
  features: [
    {
      name: "recency_days",
      topic: "last order",
      description: "Days since the last order",
      unit: "days",
      sql: `min(days_ago) FILTER (${SALE})`,
      whenAbsent: null,
      text: (value, { order_gap_mean_days: gap }) => lastOrderText(value, gap),
      limits: [0, CUSTOMER_POPULATION_DAYS],
      neverAbove: "tenure_days",
      isRequired: true,
    },
    {
      name: "order_count",
      topic: "orders so far",
      description: "Orders so far",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `Has ordered ${timesText(value)} so far`,
      limits: [1, Infinity],
      isRequired: true,
    },
    {
      name: "orders_90d",
      topic: "last order",
      description: "Orders in the last 90 days",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago <= 90)`,
      whenAbsent: 0,
      text: (value) =>
        value === 0
          ? "Has not ordered in the last 90 days"
          : `Ordered ${timesText(value)} in the last 90 days`,
      neverAbove: "order_count",
    },
    {
      name: "orders_91_180d",
      topic: "orders so far",
      description: "Orders 91 to 180 days ago",
      unit: "orders",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND days_ago BETWEEN 91 AND 180)`,
      whenAbsent: 0,
      text: (value) =>
        value === 0
          ? "Did not order in the 90 days before the last 90"
          : `Ordered ${timesText(value)} in the 90 days before the last 90`,
      neverAbove: "order_count",
    },
    {
      name: "net_sales",
      topic: "spending",
      description: "Sales so far, after discounts",
      unit: "currency",
      sql: `sum(net_amount) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `Has spent ${formatCount(Math.round(value))} so far`,
    },
    {
      name: "net_sales_90d",
      topic: "last order",
      description: "Sales in the last 90 days",
      unit: "currency",
      sql: `coalesce(sum(net_amount) FILTER (${SALE} AND days_ago <= 90), 0)`,
      whenAbsent: 0,
      text: (value) => `Has spent ${formatCount(Math.round(value))} in the last 90 days`,
    },
    {
      name: "average_order_value",
      topic: "spending",
      description: "Sales per order",
      unit: "currency",
      sql: `sum(net_amount) FILTER (${SALE}) / nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `Spends ${formatCount(Math.round(value))} per order on average`,
    },
    {
      name: "items_per_order",
      topic: "spending",
      description: "Items per order",
      unit: "items",
      sql: `sum(quantity) FILTER (${SALE}) / nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `Buys ${countText(value, "item")} per order on average`,
    },
    {
      name: "tenure_days",
      topic: "orders so far",
      description: "Days since the first order",
      unit: "days",
      sql: `max(days_ago) FILTER (${SALE})`,
      whenAbsent: null,
      text: (value) => `Has been a customer for ${countText(value, "day")}`,
    },
    {
      name: "product_count",
      topic: "range of products",
      description: "Products bought",
      unit: "products",
      sql: `count(DISTINCT product_id) FILTER (${SALE})`,
      whenAbsent: 0,
      text: (value) => `Has bought ${countText(value, "different product")}`,
      limits: [1, Infinity],
    },
    {
      name: "category_count",
      topic: "range of products",
      description: "Categories bought",
      unit: "categories",
      sql: `nullif(count(DISTINCT category) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) =>
        Math.round(value) === 1
          ? "Has bought in 1 category"
          : `Has bought in ${Math.round(value)} categories`,
      unknownText: "Has bought nothing of a known category",
      limits: [1, Infinity],
      neverAbove: "product_count",
    },
    {
      name: "discount_share",
      topic: "discounts",
      description: "Share of sales given as discounts",
      unit: "share",
      sql: `sum(discount_amount) FILTER (${SALE}) / nullif(sum(order_amount) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `Has got ${shareText(value)} off on average`,
    },
    {
      name: "discount_share_90d",
      topic: "discounts",
      description: "Share of the sales of the last 90 days given as discounts",
      unit: "share",
      sql: `sum(discount_amount) FILTER (${SALE} AND days_ago <= 90) / ` +
        `nullif(sum(order_amount) FILTER (${SALE} AND days_ago <= 90), 0)`,
      whenAbsent: null,
      text: (value) => `Has got ${shareText(value)} off on average in the last 90 days`,
      unknownText: "Has not used a discount in the last 90 days, nor ordered",
    },
    {
      name: "discounted_order_share",
      topic: "discounts",
      description: "Share of orders with a discount",
      unit: "share",
      sql: `count(DISTINCT order_id) FILTER (${SALE} AND discount_amount > 0) / ` +
        `nullif(count(DISTINCT order_id) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `Used a discount in ${shareText(value)} of the orders`,
    },
    {
      name: "return_count",
      topic: "returns",
      description: "Returned order lines",
      unit: "lines",
      sql: "count(*) FILTER (line_type = 'return')",
      whenAbsent: 0,
      text: (value) =>
        value === 0 ? "Has returned nothing" : `Has returned ${countText(value, "order line")}`,
    },
    {
      name: "returns_180d",
      topic: "returns",
      description: "Order lines returned in the last 180 days",
      unit: "lines",
      sql: "count(*) FILTER (line_type = 'return' AND days_ago <= 180)",
      whenAbsent: 0,
      text: (value) => `Has returned ${countText(value, "order line")} in the last 180 days`,
      neverAbove: "return_count",
    },
    {
      name: "days_since_return",
      topic: "returns",
      description: "Days since the last return",
      unit: "days",
      sql: "min(days_ago) FILTER (line_type = 'return')",
      whenAbsent: null,
      text: (value) => `Last returned something ${countText(value, "day")} ago`,
      unknownText: "Has returned nothing so far",
    },
    {
      name: "return_share",
      topic: "returns",
      description: "Share of sales returned",
      unit: "share",
      sql: `coalesce(-sum(net_amount) FILTER (line_type = 'return'), 0) / ` +
        `nullif(sum(net_amount) FILTER (${SALE}), 0)`,
      whenAbsent: null,
      text: (value) => `Has returned ${shareText(value)} of the sales`,
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
  arrival: { time: "arrived_at", table: "fact_orders" },
  combine: { by: "category", columns: "greatest(0, sum(net_amount)) AS sales" },
  features: [
    {
      name: "top_category_share",
      topic: "range of products",
      description: "Share of sales in the category bought most",
      unit: "share",
      sql: "max(sales) / nullif(sum(sales), 0)",
      whenAbsent: null,
      text: (value) => `Spends ${shareText(value)} in one category`,
      unknownText: "Has bought nothing of a known category",
    },
  ],
};

/** The customer's own rhythm: days between one order day and the next. Unknown until a second order day. */
export const ORDER_DAY_FEATURES: FeatureRows = {
  name: "order_days",
  knownWhen:
    "a day with an order from the day after it; where all its orders came late, from the day of the first",
  sql: `SELECT customer_id, order_date, min(arrived_at) AS arrived_at
FROM fact_orders WHERE ${SALE} AND customer_id <> 'UNKNOWN' GROUP BY ALL`,
  eventTime: "order_date",
  arrival: { time: "arrived_at", table: "fact_orders" },
  derive: "order_date - lag(order_date) OVER (PARTITION BY customer_id ORDER BY order_date) AS gap",
  features: [
    {
      name: "order_gap_mean_days",
      topic: "order rhythm",
      description: "Mean days between order days",
      unit: "days",
      sql: "avg(gap)",
      whenAbsent: null,
      text: (value) => `Usually orders every ${countText(value, "day")}`,
      unknownText: "Has not ordered a second time yet",
    },
    {
      name: "order_gap_sd_days",
      topic: "order rhythm",
      description: "Standard deviation of the days between order days",
      unit: "days",
      // From whole-number sums rather than stddev_samp, whose last bits depend on how threads split the rows.
      sql: "CASE WHEN count(gap) >= 2 THEN sqrt(greatest(0, " +
        "(count(gap) * sum(gap * gap) - sum(gap) * sum(gap)) / (count(gap) * (count(gap) - 1)))) END",
      whenAbsent: null,
      text: (value) => `The time between orders varies by ${countText(value, "day")}`,
      unknownText: "Has ordered on fewer than three days, so has no rhythm yet",
    },
    {
      name: "last_order_gap_days",
      topic: "order rhythm",
      description: "Days between the last two order days",
      unit: "days",
      sql: "arg_min(gap, days_ago)",
      whenAbsent: null,
      text: (value) => `The last two orders were ${countText(value, "day")} apart`,
      unknownText: "Has not ordered a second time yet",
    },
    {
      name: "relative_recency",
      topic: "last order",
      description: "Days since the last order / usual gap",
      unit: "gaps",
      sql: "min(days_ago) / avg(gap)",
      whenAbsent: null,
      text: (value, { recency_days: recency, order_gap_mean_days: gap }) =>
        typeof recency === "number"
          ? lastOrderText(recency, gap)
          : `Has not ordered for ${value.toFixed(1)} times the usual time between orders`,
      unknownText: "Has not ordered a second time yet",
    },
    {
      name: "orders_season_last_year",
      topic: "season",
      description: "Days with an order a year before the coming 90 days",
      unit: "orders",
      sql: "CASE WHEN max(days_ago) >= 365 THEN count(*) FILTER (days_ago BETWEEN 276 AND 365) END",
      whenAbsent: null,
      text: (value) =>
        value === 0
          ? "Did not order in the coming season a year ago"
          : `Ordered ${timesText(value)} in the coming season a year ago`,
      unknownText: "Has been a customer for less than a year, so has no season to compare",
    },
    {
      name: "season_order_share",
      topic: "season",
      description: "Share of order days that were in the season of the coming 90 days, in earlier years",
      unit: "share",
      // Days until the date comes round again: 0 to 89 is what the next 90 days were in earlier years.
      sql: "CASE WHEN max(days_ago) >= 365 " +
        "THEN count(*) FILTER ((365 - days_ago % 365) % 365 < 90) / count(*) END",
      whenAbsent: null,
      text: (value) => `Placed ${shareText(value)} of earlier orders in the coming season`,
      unknownText: "Has been a customer for less than a year, so has no season to compare",
    },
  ],
};
