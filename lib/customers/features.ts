import type { AsOfDate } from "shopflow/ml/mod.ts";
import type { Feature, FeatureGroup } from "shopflow/ml/features/mod.ts";
import { ORDER_FEATURES, ORDER_GAP_FEATURES } from "./orders.ts";
import { SESSION_FEATURES } from "./sessions.ts";
import { TICKET_FEATURES } from "./tickets.ts";

const GROUPS: FeatureGroup[] = [ORDER_FEATURES, ORDER_GAP_FEATURES, TICKET_FEATURES, SESSION_FEATURES];

/** Every feature of a customer, in the order of the columns of {@linkcode customerFeaturesSql}. */
export const CUSTOMER_FEATURES: readonly Feature[] = GROUPS.flatMap(({ features }) => features);

/**
 * Customers whose last order is older than this are not scored. They are lost already: calling them churned
 * is always right and never useful, and a model measured on them would look better than it is.
 */
export const CUSTOMER_POPULATION_DAYS = 365;

/**
 * SQL of the customers' features: `customer_id`, then every feature as a DOUBLE, one row per customer of the
 * population, sorted by customer. It reads the curated tables and only what was known before `asOf`
 * (exclusive); 'UNKNOWN' is no customer.
 *
 * @param asOf Data of that day and later does not count.
 * @param options.activeWithinDays Only customers with an order in this many days before `asOf`.
 */
export function customerFeaturesSql(
  asOf: AsOfDate,
  { activeWithinDays = CUSTOMER_POPULATION_DAYS }: { activeWithinDays?: number } = {},
): string {
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

function groupSql({ rows, sql, features }: FeatureGroup, asOf: string): string {
  const columns = features.map((feature) => `    CAST(${feature.sql} AS DOUBLE) AS ${feature.name}`);
  return `${sql(asOf)},
${rows}_by_customer AS (
  SELECT customer_id,
${columns.join(",\n")}
  FROM ${rows}
  GROUP BY customer_id
)`;
}

const BY_NAME = new Map(CUSTOMER_FEATURES.map((feature) => [feature.name, feature]));

/**
 * A feature's value as a fact for people, e.g. "112 days since the last order (usual gap 31)".
 *
 * @param known What is known of the customer: null says that there is nothing to measure, such as a share of carts
 *   abandoned where none was filled; a feature that is absent was not provided, of which nothing can be said.
 */
export function factText(name: string, known: Readonly<Record<string, number | null>>): string {
  const value = known[name];
  const label = name.replaceAll("_", " ");
  if (value === undefined) return `${label}: not provided`;
  const feature = BY_NAME.get(name);
  // A model saved by another version may know features that this one does not.
  if (feature === undefined) return `${label}: ${value ?? "unknown"}`;
  if (value === null) return feature.unknownText ?? `${label} unknown`;
  return feature.text(value, known);
}
