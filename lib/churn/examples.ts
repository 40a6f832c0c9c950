import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS, customerFeaturesSql } from "shopflow/customers/mod.ts";
import { type FeatureMatrix, featureMatrix, matrixRow, stackMatrices } from "shopflow/ml/classifier/mod.ts";
import { type AsOfDate, valueAt } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** A customer has lapsed after this many days without an order. */
export const CHURN_HORIZON_DAYS = 90;

/** Customers as they were on as-of dates, and whether they churned. */
export interface ChurnExamples {
  customerIds: string[];
  features: FeatureMatrix;
  /** 1 = no order in the label window. */
  labels: Uint8Array;
}

const FEATURE_NAMES = CUSTOMER_FEATURES.map(({ name }) => name);

/**
 * Reads the population's features on one date, sorted by customer.
 *
 * @param session A session with the curated tables.
 */
export async function readChurnFeatures(
  session: Pick<Session, "columns">,
  asOf: AsOfDate,
): Promise<Omit<ChurnExamples, "labels">> {
  const columns = await session.columns(customerFeaturesSql(asOf));
  return {
    customerIds: columns.customer_id as string[],
    features: featureMatrix(FEATURE_NAMES, columns),
  };
}

/**
 * Reads the population's features and labels at every date, one below the other.
 *
 * @param session A session with the curated tables.
 * @throws {TooLittleDataError} when a date has no customers.
 */
export async function readChurnExamples(
  session: Pick<Session, "columns">,
  asOfDates: readonly AsOfDate[],
  horizonDays: number = CHURN_HORIZON_DAYS,
): Promise<ChurnExamples> {
  const parts: ChurnExamples[] = [];
  for (const asOf of asOfDates) parts.push(await examplesAt(session, asOf, horizonDays));
  return {
    customerIds: parts.flatMap((part) => part.customerIds),
    features: stackMatrices(parts.map((part) => part.features)),
    labels: Uint8Array.from(parts.flatMap((part) => [...part.labels])),
  };
}

/** Those of the customers who had ordered within the horizon, so were not lost yet. */
export function activeExamples(
  { customerIds, features, labels }: ChurnExamples,
  horizonDays: number,
): ChurnExamples {
  const recency = features.names.indexOf("recency_days");
  const rows = customerIds.keys().filter((row) => valueAt(matrixRow(features, row), recency) <= horizonDays)
    .toArray();
  const width = features.names.length;
  const values = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) values.set(matrixRow(features, row), place * width);
  return {
    customerIds: rows.map((row) => valueAt(customerIds, row)),
    features: { names: features.names, rows: rows.length, values },
    labels: Uint8Array.from(rows, (row) => valueAt(labels, row)),
  };
}

async function examplesAt(
  session: Pick<Session, "columns">,
  asOf: AsOfDate,
  horizonDays: number,
): Promise<ChurnExamples> {
  const columns = await session.columns(`
SELECT features.*, labels.churned
FROM (${customerFeaturesSql(asOf)}) AS features
JOIN (${churnLabelsSql(asOf, horizonDays)}) AS labels ON labels.customer_id = features.customer_id
ORDER BY features.customer_id`);
  const customerIds = columns.customer_id as string[];
  if (customerIds.length === 0) {
    throw new TooLittleDataError(`There are no customers to score as of ${asOf}`, {
      expected: "customers with an order in the year before",
      found: "none",
    });
  }
  return {
    customerIds,
    features: featureMatrix(FEATURE_NAMES, columns),
    labels: Uint8Array.from(columns.churned as number[]),
  };
}

/**
 * SQL of the labels: `customer_id, churned` (1 = no sale from `asOf` on for `horizonDays` days), one row a
 * customer of the same population as the features, in the same order.
 */
export function churnLabelsSql(
  asOf: AsOfDate,
  horizonDays: number = CHURN_HORIZON_DAYS,
  { activeWithinDays = CUSTOMER_POPULATION_DAYS }: { activeWithinDays?: number } = {},
): string {
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
