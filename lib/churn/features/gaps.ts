import { type ChurnFeatureGroup, counted } from "./feature.ts";

/** The customer's own rhythm: days between one order day and the next. Unknown until a second order day. */
export const ORDER_GAP_FEATURES: ChurnFeatureGroup = {
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
