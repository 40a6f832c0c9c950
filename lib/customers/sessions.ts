import { countText, type FeatureRows, shareText, timesText } from "shopflow/ml/features/mod.ts";

const visitsText = (visits: number, days: number): string =>
  visits === 0
    ? `Has not visited the shop in the last ${days} days`
    : `Visited the shop ${timesText(visits)} in the last ${days} days`;

/** Visits to the shop. A cart is a session with something added to it; it is abandoned when nothing was purchased. */
export const SESSION_FEATURES: FeatureRows = {
  name: "sessions",
  knownWhen: "a click from the day after `event_timestamp`; a late one from the day of `arrived_at` on; " +
    "a session that goes on after midnight is known in part",
  sql:
    `SELECT customer_id, coalesce(session_id, event_id) AS session, CAST(event_timestamp AS DATE) AS event_date, arrived_at,
  count(*) FILTER (event_type = 'page_view') AS page_views,
  bool_or(event_type = 'add_to_cart') AS has_cart, bool_or(event_type = 'purchase') AS has_purchase,
  min(lower(device_type)) AS device
FROM fact_events WHERE customer_id <> 'UNKNOWN' GROUP BY ALL`,
  eventTime: "event_date",
  arrival: { time: "arrived_at", table: "fact_events" },
  combine: {
    by: "session",
    columns: "sum(page_views) AS page_views, bool_or(has_cart) AS has_cart, " +
      "bool_or(has_purchase) AS has_purchase, min(device) AS device",
  },
  features: [
    {
      name: "sessions_30d",
      topic: "visits",
      description: "Sessions in the last 30 days",
      unit: "sessions",
      sql: "count(*) FILTER (days_ago <= 30)",
      whenAbsent: 0,
      text: (value) => visitsText(value, 30),
      neverAbove: "sessions_90d",
    },
    {
      name: "sessions_90d",
      topic: "visits",
      description: "Sessions in the last 90 days",
      unit: "sessions",
      sql: "count(*) FILTER (days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => visitsText(value, 90),
    },
    {
      name: "days_since_session",
      topic: "visits",
      description: "Days since the last session",
      unit: "days",
      sql: "min(days_ago)",
      whenAbsent: null,
      text: (value) =>
        value < 1 ? "Visited the shop today" : `Last visited the shop ${countText(value, "day")} ago`,
      unknownText: "Has no visit on record",
    },
    {
      name: "page_views_90d",
      topic: "visits",
      description: "Page views in the last 90 days",
      unit: "views",
      sql: "coalesce(sum(page_views) FILTER (days_ago <= 90), 0)",
      whenAbsent: 0,
      text: (value) => `Has viewed ${countText(value, "page")} in the last 90 days`,
    },
    {
      name: "carts_90d",
      topic: "carts",
      description: "Carts filled in the last 90 days",
      unit: "carts",
      sql: "count(*) FILTER (has_cart AND days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => `Has filled ${countText(value, "cart")} in the last 90 days`,
      neverAbove: "sessions_90d",
    },
    {
      name: "abandoned_carts_90d",
      topic: "carts",
      description: "Carts abandoned in the last 90 days",
      unit: "carts",
      sql: "count(*) FILTER (has_cart AND NOT has_purchase AND days_ago <= 90)",
      whenAbsent: 0,
      text: (value) => `Has abandoned ${countText(value, "cart")} in the last 90 days`,
      neverAbove: "carts_90d",
    },
    {
      name: "cart_abandonment_share",
      topic: "carts",
      description: "Share of carts abandoned",
      unit: "share",
      sql: "count(*) FILTER (has_cart AND NOT has_purchase) / nullif(count(*) FILTER (has_cart), 0)",
      whenAbsent: null,
      text: (value) => `Has abandoned ${shareText(value)} of the carts`,
      unknownText: "Has never filled a cart",
    },
    {
      name: "mobile_session_share",
      topic: "devices",
      description: "Share of sessions on a mobile phone",
      unit: "share",
      sql: "count(*) FILTER (device = 'mobile') / nullif(count(device), 0)",
      whenAbsent: null,
      text: (value) => `Makes ${shareText(value)} of the visits on a mobile phone`,
      unknownText: "Has no visit with a known device",
    },
    {
      name: "device_count",
      topic: "devices",
      description: "Kinds of device used",
      unit: "devices",
      sql: "nullif(count(DISTINCT device), 0)",
      whenAbsent: null,
      text: (value) => `Visits from ${countText(value, "kind")} of device`,
      unknownText: "Has no visit with a known device",
      limits: [1, Infinity],
    },
  ],
};
