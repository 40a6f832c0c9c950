import { countText, type FeatureRows } from "shopflow/ml/features/mod.ts";

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
  features: [
    {
      name: "tickets_180d",
      topic: "support",
      description: "Support tickets in the last 180 days",
      unit: "tickets",
      sql: "count(*) FILTER (days_ago <= 180)",
      whenAbsent: 0,
      text: (value) => `Has opened ${countText(value, "support ticket")} in the last 180 days`,
    },
    {
      name: "tickets_open",
      topic: "support",
      description: "Support tickets not resolved yet",
      unit: "tickets",
      sql: "count(*) FILTER (resolved_at IS NULL)",
      whenAbsent: 0,
      text: (value) => `Has ${countText(value, "unresolved support ticket")}`,
    },
    {
      name: "urgent_tickets_180d",
      topic: "support",
      description: "Urgent tickets in the last 180 days",
      unit: "tickets",
      sql: "count(*) FILTER (priority IN ('High', 'Critical') AND days_ago <= 180)",
      whenAbsent: 0,
      text: (value) => `Has opened ${countText(value, "urgent support ticket")} in the last 180 days`,
      neverAbove: "tickets_180d",
    },
    {
      name: "unhappy_tickets",
      topic: "support",
      description: "Resolved tickets rated 1 or 2 of 5",
      unit: "tickets",
      sql: "count(*) FILTER (satisfaction_score <= 2)",
      whenAbsent: 0,
      text: (value) => `Has rated ${countText(value, "support ticket")} 1 or 2 of 5`,
    },
    {
      name: "ticket_satisfaction",
      topic: "support",
      description: "Mean satisfaction with resolved tickets, 1 to 5",
      unit: "score",
      sql: "avg(satisfaction_score)",
      whenAbsent: null,
      text: (value) => `Rates support ${value.toFixed(1)} of 5 on average`,
      limits: [1, 5],
      unknownText: "Has rated no support ticket yet",
    },
    {
      name: "ticket_resolution_hours",
      topic: "support",
      description: "Mean hours to resolve a ticket",
      unit: "hours",
      sql: "avg(date_diff('hour', created_at, resolved_at))",
      whenAbsent: null,
      text: (value) => `Waited ${countText(value, "hour")} on average until support tickets were resolved`,
      unknownText: "Has no resolved support ticket",
    },
    {
      name: "days_since_ticket",
      topic: "support",
      description: "Days since the last support ticket",
      unit: "days",
      sql: "min(days_ago)",
      whenAbsent: null,
      text: (value) => `Opened the last support ticket ${countText(value, "day")} ago`,
      unknownText: "Has never needed support",
    },
  ],
};
