import { type AsOfTable, defineFeatures, type FeatureSet } from "shopflow/ml/features/mod.ts";
import {
  CATEGORY_FEATURES,
  CUSTOMER_POPULATION_DAYS,
  ORDER_DAY_FEATURES,
  ORDER_LINE_FEATURES,
} from "./orders.ts";
import { SESSION_FEATURES } from "./sessions.ts";
import { TICKET_FEATURES } from "./tickets.ts";

/** What the curated tables showed on a day; a table that is not here may not be read by features of customers. */
const TABLES: Record<string, AsOfTable> = {
  fact_orders: {
    knownWhen:
      "rows with an earlier `order_date`; corrections of an order are not dated, so that its latest state counts",
    eventTime: "order_date",
    arrivalTime: "arrived_at",
  },
  fact_events: {
    knownWhen: "rows with an earlier `event_timestamp`",
    eventTime: "event_timestamp",
    arrivalTime: "arrived_at",
  },
  fact_support_tickets: {
    knownWhen: "rows with an earlier `created_at`; what came with the resolution from `resolved_at` on",
    eventTime: "created_at",
    arrivalTime: "arrived_at",
    knownLater: {
      resolved_at: "resolved_at",
      satisfaction_score: "resolved_at",
      resolution_hours: "resolved_at",
    },
    todayOnly: ["status"],
  },
  dim_customers: {
    knownWhen: "versions that had begun; what the shop derives from behaviour is of today, so never known",
    isVersioned: true,
    todayOnly: ["customer_segment", "total_orders", "total_spent"],
  },
  dim_products: {
    knownWhen: "versions that had begun",
    isVersioned: true,
    todayOnly: ["stock_status"],
  },
};

/**
 * Every feature of a customer. It reads the curated tables and only what was known before the as-of date; 'UNKNOWN' is no
 * customer.
 *
 * Customers whose last order is older than a year are not in the population. They are lost already: calling them churned
 * is always right and never useful, and a model measured on them would look better than it is.
 */
export const CUSTOMER_FEATURES: FeatureSet = defineFeatures({
  name: "customers",
  entity: "customer_id",
  rows: [ORDER_LINE_FEATURES, ORDER_DAY_FEATURES, CATEGORY_FEATURES, TICKET_FEATURES, SESSION_FEATURES],
  population: `recency_days <= ${CUSTOMER_POPULATION_DAYS}`,
  countUnits: [
    "orders",
    "products",
    "categories",
    "lines",
    "tickets",
    "sessions",
    "views",
    "carts",
    "devices",
  ],
  tables: TABLES,
  contradiction({ recency_days: recency, orders_90d: recent }) {
    if (recency === undefined || recent === undefined || recency <= 90 === recent > 0) return undefined;
    return `recency_days ${recency} with orders_90d ${recent}`;
  },
});
