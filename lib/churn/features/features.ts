import { checkAsOf } from "shopflow/ml/mod.ts";
import type { ChurnFeature, ChurnFeatureGroup } from "./feature.ts";
import { ORDER_FEATURES, ORDER_GAP_FEATURES } from "./orders.ts";
import { SESSION_FEATURES } from "./sessions.ts";
import { TICKET_FEATURES } from "./tickets.ts";

const GROUPS: ChurnFeatureGroup[] = [ORDER_FEATURES, ORDER_GAP_FEATURES, TICKET_FEATURES, SESSION_FEATURES];

/** Every churn feature, in the order of the columns of {@linkcode churnFeaturesSql}. */
export const CHURN_FEATURES: readonly ChurnFeature[] = GROUPS.flatMap(({ features }) => features);

/** A customer has lapsed after this many days without an order. */
export const CHURN_HORIZON_DAYS = 90;

/**
 * Customers whose last order is older than this are not scored. They are lost already: calling them churned
 * is always right and never useful, and a model measured on them would look better than it is.
 */
export const CHURN_POPULATION_DAYS = 365;

/** How the population is chosen. */
interface PopulationOptions {
  /** Only customers with an order in this many days before as_of; default {@linkcode CHURN_POPULATION_DAYS}. */
  activeWithinDays?: number;
}

/**
 * SQL of the churn features: `customer_id`, then every feature as a DOUBLE, one row per customer of the
 * population, sorted by customer. It reads the curated tables and only what was known before `asOf`
 * (exclusive); 'UNKNOWN' is no customer.
 *
 * @param asOf ISO date; data of that day and later does not count.
 * @throws {InputError} when `asOf` is not a date.
 */
export function churnFeaturesSql(asOf: string, options: PopulationOptions = {}): string {
  checkAsOf(asOf);
  const { activeWithinDays = CHURN_POPULATION_DAYS } = options;
  const columns = GROUPS.flatMap(({ rows, features }) =>
    features.map(({ name, whenAbsent }) =>
      whenAbsent === null
        ? `${rows}_by_customer.${name}`
        : `coalesce(${rows}_by_customer.${name}, ${whenAbsent}) AS ${name}`
    )
  );
  const [orders, ...others] = GROUPS.map(({ rows }) => `${rows}_by_customer`);
  return `WITH ${GROUPS.map((group) => groupSql(group, asOf)).join(",")}
SELECT ${orders}.customer_id,
  ${columns.join(",\n  ")}
FROM ${orders}
${others.map((name) => `LEFT JOIN ${name} ON ${name}.customer_id = ${orders}.customer_id`).join("\n")}
WHERE ${orders}.recency_days <= ${Math.trunc(activeWithinDays)}
ORDER BY ${orders}.customer_id`;
}

/**
 * SQL of the labels: `customer_id, churned` (1 = no sale from `asOf` on for `horizonDays` days), one row a
 * customer of the same population as the features, in the same order.
 *
 * @throws {InputError} when `asOf` is not a date.
 */
export function churnLabelsSql(
  asOf: string,
  horizonDays: number = CHURN_HORIZON_DAYS,
  options: PopulationOptions = {},
): string {
  checkAsOf(asOf);
  const { activeWithinDays = CHURN_POPULATION_DAYS } = options;
  return `SELECT customer_id,
  CAST(count(*) FILTER (order_date >= DATE '${asOf}') = 0 AS INTEGER) AS churned
FROM fact_orders
WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
  AND order_date < DATE '${asOf}' + ${Math.trunc(horizonDays)}
GROUP BY customer_id
HAVING max(order_date) FILTER (order_date < DATE '${asOf}') >= DATE '${asOf}' - ${
    Math.trunc(activeWithinDays)
  }
ORDER BY customer_id`;
}

function groupSql({ rows, sql, features }: ChurnFeatureGroup, asOf: string): string {
  const columns = features.map((feature) => `    CAST(${feature.sql} AS DOUBLE) AS ${feature.name}`);
  return `${sql(asOf)},
${rows}_by_customer AS (
  SELECT customer_id,
${columns.join(",\n")}
  FROM ${rows}
  GROUP BY customer_id
)`;
}

const BY_NAME = new Map(CHURN_FEATURES.map((feature) => [feature.name, feature]));

/**
 * A churn feature's value as a fact for people, e.g. "112 days since the last order (usual gap 31)".
 *
 * @param known What is known of the customer: null says that there is nothing to measure, such as a share of carts
 *   abandoned where none was filled; a feature that is absent was not provided, of which nothing can be said.
 */
export function churnReasonText(name: string, known: Readonly<Record<string, number | null>>): string {
  const value = known[name];
  const label = name.replaceAll("_", " ");
  if (value === undefined) return `${label}: not provided`;
  const feature = BY_NAME.get(name);
  // A model saved by another version may know features that this one does not.
  if (feature === undefined) return `${label}: ${value ?? "unknown"}`;
  if (value === null) return feature.unknownText ?? `${label} unknown`;
  return feature.text(value, known);
}
