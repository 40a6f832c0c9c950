import { countText, type FeatureRows, shareText, timesText } from "shopflow/ml/features/mod.ts";

const visitsText = (visits: number, days: number): string =>
  visits === 0
    ? `Has not visited the shop in the last ${days} days`
    : `Visited the shop ${timesText(visits)} in the last ${days} days`;

/** Days that features of visits look back: a shop that starts to record them has to wait so long for their values. */
const WINDOW_DAYS = 90;
const OF_WINDOW = `days_ago <= ${WINDOW_DAYS}`;

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
  unrecordedText: "Visits have not been recorded for long enough",
  features: [
    {
      name: "sessions_30d",
      topic: "visits",
      description: "Sessions in the last 30 days",
      unit: "sessions",
      sql: "count(*) FILTER (days_ago <= 30)",
      windowDays: 30,
      whenAbsent: 0,
      text: (value) => visitsText(value, 30),
      neverAbove: "sessions_90d",
    },
    {
      name: "sessions_90d",
      topic: "visits",
      description: "Sessions in the last 90 days",
      unit: "sessions",
      sql: `count(*) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => visitsText(value, 90),
    },
    {
      name: "days_since_session",
      topic: "visits",
      description: "Days since the last session, if it was in the last 90 days",
      unit: "days",
      sql: `min(days_ago) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) =>
        value < 1 ? "Visited the shop today" : `Last visited the shop ${countText(value, "day")} ago`,
      unknownText: "Has not visited the shop in the last 90 days",
      limits: [0, WINDOW_DAYS],
    },
    {
      name: "page_views_90d",
      topic: "visits",
      description: "Page views in the last 90 days",
      unit: "views",
      sql: `coalesce(sum(page_views) FILTER (${OF_WINDOW}), 0)`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has viewed ${countText(value, "page")} in the last 90 days`,
    },
    {
      name: "carts_90d",
      topic: "carts",
      description: "Carts filled in the last 90 days",
      unit: "carts",
      sql: `count(*) FILTER (has_cart AND ${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has filled ${countText(value, "cart")} in the last 90 days`,
      neverAbove: "sessions_90d",
    },
    {
      name: "abandoned_carts_90d",
      topic: "carts",
      description: "Carts abandoned in the last 90 days",
      unit: "carts",
      sql: `count(*) FILTER (has_cart AND NOT has_purchase AND ${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has abandoned ${countText(value, "cart")} in the last 90 days`,
      neverAbove: "carts_90d",
    },
    {
      name: "cart_abandonment_share",
      topic: "carts",
      description: "Share of the carts of the last 90 days abandoned",
      unit: "share",
      sql: `count(*) FILTER (has_cart AND NOT has_purchase AND ${OF_WINDOW}) / ` +
        `nullif(count(*) FILTER (has_cart AND ${OF_WINDOW}), 0)`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) => `Has abandoned ${shareText(value)} of the carts of the last 90 days`,
      unknownText: "Has filled no cart in the last 90 days",
    },
    {
      name: "mobile_session_share",
      topic: "devices",
      description: "Share of the sessions of the last 90 days on a mobile phone",
      unit: "share",
      sql:
        `count(*) FILTER (device = 'mobile' AND ${OF_WINDOW}) / nullif(count(device) FILTER (${OF_WINDOW}), 0)`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) => `Made ${shareText(value)} of the visits of the last 90 days on a mobile phone`,
      unknownText: "Has no visit with a known device in the last 90 days",
    },
    {
      name: "device_count",
      topic: "devices",
      description: "Kinds of device used in the last 90 days",
      unit: "devices",
      sql: `nullif(count(DISTINCT device) FILTER (${OF_WINDOW}), 0)`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) => `Visited from ${countText(value, "kind")} of device in the last 90 days`,
      unknownText: "Has no visit with a known device in the last 90 days",
      limits: [1, Infinity],
    },
  ],
};
