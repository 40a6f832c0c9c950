import { countText, type FeatureRows } from "shopflow/ml/features/mod.ts";

/** Days that features of support look back; see the visits'. */
const WINDOW_DAYS = 180;
const OF_WINDOW = `days_ago <= ${WINDOW_DAYS}`;

/**
 * Support tickets in the state known at the as-of date: one resolved later counts as open, and its
 * satisfaction score and duration, which came with the resolution, are unknown. The `status` and
 * `resolution_hours` columns hold the state of the extract, so they are not used.
 */
export const TICKET_FEATURES: FeatureRows = {
  name: "tickets",
  knownWhen:
    "a ticket from the day after `created_at` (a late one from the day of `arrived_at` on), its resolution and rating from the day after `resolved_at`; " +
    "its priority is the latest one, since the shop keeps no earlier ones",
  sql: `SELECT customer_id, priority, created_at, resolved_at, satisfaction_score, arrived_at
FROM fact_support_tickets WHERE customer_id <> 'UNKNOWN'`,
  eventTime: "created_at",
  arrival: { time: "arrived_at", table: "fact_support_tickets" },
  knownLater: { resolved_at: "resolved_at", satisfaction_score: "resolved_at" },
  unrecordedText: "Support tickets have not been recorded for long enough",
  features: [
    {
      name: "tickets_180d",
      topic: "support",
      description: "Support tickets in the last 180 days",
      unit: "tickets",
      sql: `count(*) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has opened ${countText(value, "support ticket")} in the last 180 days`,
    },
    {
      name: "tickets_open",
      topic: "support",
      description: "Support tickets of the last 180 days not resolved yet",
      unit: "tickets",
      sql: `count(*) FILTER (resolved_at IS NULL AND ${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has ${countText(value, "unresolved support ticket")} of the last 180 days`,
    },
    {
      name: "urgent_tickets_180d",
      topic: "support",
      description: "Urgent tickets in the last 180 days",
      unit: "tickets",
      sql: `count(*) FILTER (priority IN ('High', 'Critical') AND ${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has opened ${countText(value, "urgent support ticket")} in the last 180 days`,
      neverAbove: "tickets_180d",
    },
    {
      name: "unhappy_tickets",
      topic: "support",
      description: "Tickets of the last 180 days that are resolved and rated 1 or 2 of 5",
      unit: "tickets",
      sql: `count(*) FILTER (satisfaction_score <= 2 AND ${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: 0,
      text: (value) => `Has rated ${countText(value, "support ticket")} of the last 180 days 1 or 2 of 5`,
    },
    {
      name: "ticket_satisfaction",
      topic: "support",
      description: "Mean satisfaction with resolved tickets of the last 180 days, 1 to 5",
      unit: "score",
      sql: `avg(satisfaction_score) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) => `Rated support ${value.toFixed(1)} of 5 on average in the last 180 days`,
      limits: [1, 5],
      unknownText: "Has rated no support ticket of the last 180 days",
    },
    {
      name: "ticket_resolution_hours",
      topic: "support",
      description: "Mean hours to resolve a ticket of the last 180 days",
      unit: "hours",
      sql: `avg(date_diff('hour', created_at, resolved_at)) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) =>
        `Waited ${
          countText(value, "hour")
        } on average until support tickets of the last 180 days were resolved`,
      unknownText: "Has no resolved support ticket of the last 180 days",
    },
    {
      name: "days_since_ticket",
      topic: "support",
      description: "Days since the last support ticket, if it was in the last 180 days",
      unit: "days",
      sql: `min(days_ago) FILTER (${OF_WINDOW})`,
      windowDays: WINDOW_DAYS,
      whenAbsent: null,
      text: (value) => `Opened the last support ticket ${countText(value, "day")} ago`,
      unknownText: "Has not needed support in the last 180 days",
      limits: [0, WINDOW_DAYS],
    },
  ],
};
