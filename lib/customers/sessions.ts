import { counted, type FeatureRows, percent } from "shopflow/ml/features/mod.ts";

/** Visits to the shop. A cart is a session with something added to it; it is abandoned when nothing was purchased. */
export const SESSION_FEATURES: FeatureRows = {
  name: "sessions",
  knownWhen:
    "a click from the day after `event_timestamp`; a session that goes on after midnight is known in part",
  sql:
    `SELECT customer_id, coalesce(session_id, event_id) AS session, CAST(event_timestamp AS DATE) AS event_date,
  count(*) FILTER (event_type = 'page_view') AS page_views,
  bool_or(event_type = 'add_to_cart') AS has_cart, bool_or(event_type = 'purchase') AS has_purchase,
  min(lower(device_type)) AS device
FROM fact_events WHERE customer_id <> 'UNKNOWN' GROUP BY ALL`,
  eventTime: "event_date",
  combine: {
    by: "session",
    columns: "sum(page_views) AS page_views, bool_or(has_cart) AS has_cart, " +
      "bool_or(has_purchase) AS has_purchase, min(device) AS device",
  },
  features: [
    {
      name: "sessions_30d",
      description: "Sessions in the last 30 days",
      unit: "sessions",
      sql: "count(*) FILTER (days_ago <= 30)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "visit")} in the last 30 days`,
      neverAbove: "sessions_90d",
    },
    {
      name: "sessions_90d",
      description: "Sessions in the last 90 days",
      unit: "sessions",
      sql: "count(*) FILTER (days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "visit")} in the last 90 days`,
    },
    {
      name: "days_since_session",
      description: "Days since the last session",
      unit: "days",
      sql: "min(days_ago)",
      whenAbsent: null,
      text: (value) => `last visit ${counted(value, "day")} ago`,
      unknownText: "no visit on record",
    },
    {
      name: "page_views_90d",
      description: "Page views in the last 90 days",
      unit: "views",
      sql: "coalesce(sum(page_views) FILTER (days_ago <= 90), 0)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "page view")} in the last 90 days`,
    },
    {
      name: "carts_90d",
      description: "Carts filled in the last 90 days",
      unit: "carts",
      sql: "count(*) FILTER (has_cart AND days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "cart")} filled in the last 90 days`,
      neverAbove: "sessions_90d",
    },
    {
      name: "abandoned_carts_90d",
      description: "Carts abandoned in the last 90 days",
      unit: "carts",
      sql: "count(*) FILTER (has_cart AND NOT has_purchase AND days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => `${counted(value, "abandoned cart")} in the last 90 days`,
      neverAbove: "carts_90d",
    },
    {
      name: "cart_abandonment_share",
      description: "Share of carts abandoned",
      unit: "share",
      sql: "count(*) FILTER (has_cart AND NOT has_purchase) / nullif(count(*) FILTER (has_cart), 0)",
      whenAbsent: null,
      text: (value) => `${percent(value)} of carts abandoned`,
      unknownText: "never filled a cart",
    },
    {
      name: "mobile_session_share",
      description: "Share of sessions on a mobile phone",
      unit: "share",
      sql: "count(*) FILTER (device = 'mobile') / nullif(count(device), 0)",
      whenAbsent: null,
      text: (value) => `${percent(value)} of visits on a mobile phone`,
      unknownText: "no visit with a known device",
    },
    {
      name: "device_count",
      description: "Kinds of device used",
      unit: "devices",
      sql: "nullif(count(DISTINCT device), 0)",
      whenAbsent: null,
      text: (value) => `visits from ${counted(value, "kind")} of device`,
      unknownText: "no visit with a known device",
      limits: [1, Infinity],
    },
  ],
};
