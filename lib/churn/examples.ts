import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS } from "shopflow/customers/mod.ts";
import { type FeatureMatrix, matrixRow, stackMatrices, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { type AsOfDate, valueAt } from "shopflow/ml/mod.ts";
import {
  checkLeakage,
  type FeatureSession,
  type LeakageReport,
  readFeatures,
} from "shopflow/ml/features/mod.ts";

/** A customer has lapsed after this many days without an order. */
export const CHURN_HORIZON_DAYS = 90;

/** A customer is active who ordered in so many days before, however far a model looks ahead. */
export const ACTIVE_DAYS = 90;

/** Customers as they were on as-of dates, and whether they churned. */
export interface ChurnExamples {
  customerIds: string[];
  features: FeatureMatrix;
  /** 1 = no order in the label window. */
  labels: Uint8Array;
}

/**
 * Reads the population's features on one date, sorted by customer.
 *
 * @param session A session with the curated tables.
 */
export async function readChurnFeatures(
  session: FeatureSession,
  asOf: AsOfDate,
): Promise<Omit<ChurnExamples, "labels">> {
  const [table] = await readFeatures(session, CUSTOMER_FEATURES, [asOf]);
  if (table === undefined) throw new RangeError(`no features as of ${asOf}`);
  return { customerIds: table.ids, features: table.matrix };
}

/**
 * Reads the population's features and labels at every date, one below the other.
 *
 * @param session A session with the curated tables.
 * @throws {TooLittleDataError} when a date has no customers.
 */
export async function readChurnExamples(
  session: FeatureSession,
  asOfDates: readonly AsOfDate[],
  horizonDays: number = CHURN_HORIZON_DAYS,
): Promise<ChurnExamples> {
  const tables = await readFeatures(session, CUSTOMER_FEATURES, asOfDates);
  const labels: number[][] = [];
  for (const { asOf, ids } of tables) labels.push(await labelsAt(session, asOf, ids, horizonDays));
  return {
    customerIds: tables.flatMap(({ ids }) => ids),
    features: stackMatrices(tables.map(({ matrix }) => matrix)),
    labels: Uint8Array.from(labels.flat()),
  };
}

/** Trees that a check for leaks fits without a feature: enough to see a difference, and soon done. */
const LEAKAGE_TREES = { rounds: 30, maxDepth: 3, seed: 42 };

/**
 * Refuses to learn from features that know the outcomes, of customers who were active on the training dates.
 *
 * @throws {ModelError} naming the features; see {@linkcode checkLeakage}.
 */
export async function checkChurnLeakage(
  session: FeatureSession,
  train: readonly AsOfDate[],
  horizonDays: number = CHURN_HORIZON_DAYS,
): Promise<LeakageReport> {
  const active = activeExamples(await readChurnExamples(session, train, horizonDays));
  const rows = { ids: active.customerIds, matrix: active.features, labels: active.labels };
  return await checkLeakage(session, CUSTOMER_FEATURES, rows, {
    // All outcomes of the last date are in the tables, so that a feature that reads later rows shows.
    dates: train.slice(-1),
    trainer: xgboostTrainer(LEAKAGE_TREES),
    // Of customers who order every day, two days of silence tell nearly all who have left.
    yardstick: "recency_days",
  });
}

async function labelsAt(
  session: FeatureSession,
  asOf: AsOfDate,
  customerIds: readonly string[],
  horizonDays: number,
): Promise<number[]> {
  if (customerIds.length === 0) {
    throw new TooLittleDataError(`There are no customers to score as of ${asOf}`, {
      expected: "customers with an order in the year before",
      found: "none",
    });
  }
  const { customer_id = [], churned = [] } = await session.columns(churnLabelsSql(asOf, horizonDays));
  // A customer whose only orders came late has a label and no features yet, so rows are found by the id.
  const labelOf = new Map(customer_id.map((id, row) => [id, churned[row] as number]));
  return customerIds.map((id) => {
    const label = labelOf.get(id as string);
    if (label === undefined) throw new RangeError(`no label of ${id} as of ${asOf}`);
    return label;
  });
}

/** Examples one below the other. */
export function stackExamples(parts: ChurnExamples[]): ChurnExamples {
  return {
    customerIds: parts.flatMap((part) => part.customerIds),
    features: stackMatrices(parts.map((part) => part.features)),
    labels: Uint8Array.from(parts.flatMap((part) => [...part.labels])),
  };
}

/** Those of the customers who had ordered in so many days before, so were not lost yet. */
export function activeExamples(
  { customerIds, features, labels }: ChurnExamples,
  withinDays: number = ACTIVE_DAYS,
): ChurnExamples {
  const recency = features.names.indexOf("recency_days");
  const rows = customerIds.keys().filter((row) => valueAt(matrixRow(features, row), recency) <= withinDays)
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
