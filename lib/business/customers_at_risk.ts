import { CHURN_HORIZON_DAYS } from "shopflow/features/mod.ts";
import { createChurnModel, matrixRow, type Reason, type TreeClassifier } from "shopflow/models/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { readChurnFeatures } from "./churn_examples.ts";
import { type CustomerAtRisk, usualSpend } from "./churn_playbook.ts";

/** A customer's risk on a date, with what is at stake and why. */
export interface ScoredCustomer extends CustomerAtRisk {
  customerId: string;
  recencyDays: number;
  /** Ordered within the horizon, so not churned yet: a discount may still keep, rather than win back. */
  isActive: boolean;
  /** Churn probability × usual spend, in currency per horizon. */
  valueAtRisk: number;
  /** The strongest reasons, strongest first. */
  reasons: Reason[];
}

/** Customers with the risk that the application serves, see {@linkcode readScoredCustomers}. */
export interface ScoredList {
  /** The customers are seen as they were before this day. */
  asOf: string;
  /** Highest value at risk first. */
  customers: ScoredCustomer[];
}

/**
 * Reads the published churn scores, highest value at risk first: a list of whom to contact has to name the risks that
 * the application answers with. Undefined where nothing was scored.
 *
 * @param session A session with the score table as the view `scores_churn`.
 */
export async function readScoredCustomers(
  session: Pick<Session, "rows">,
  horizonDays: number = CHURN_HORIZON_DAYS,
): Promise<ScoredList | undefined> {
  const rows = await session.rows<{
    customer_id: string;
    as_of: string;
    churn_probability: number;
    reasons: string;
    recency_days: number | null;
    net_sales: number | null;
    tenure_days: number | null;
  }>(
    "SELECT customer_id, as_of, churn_probability, reasons, recency_days, net_sales, tenure_days " +
      "FROM scores_churn ORDER BY customer_id",
  );
  if (rows[0] === undefined) return undefined;
  const customers = rows.map((row) =>
    atStake(
      {
        customerId: row.customer_id,
        churnProbability: row.churn_probability,
        reasons: JSON.parse(row.reasons) as Reason[],
      },
      row,
      horizonDays,
    )
  );
  return { asOf: rows[0].as_of, customers: customers.sort(byValueAtRisk) };
}

/**
 * Scores the population as of a date, highest value at risk first.
 *
 * @param session A session with the curated tables.
 */
export async function scoreCustomers(
  session: Pick<Session, "columns">,
  classifier: TreeClassifier,
  asOf: string,
  horizonDays: number = CHURN_HORIZON_DAYS,
): Promise<ScoredCustomer[]> {
  const { customerIds, features } = await readChurnFeatures(session, asOf);
  const model = createChurnModel(classifier);
  return customerIds.map((customerId, row): ScoredCustomer => {
    const values = matrixRow(features, row);
    const known = Object.fromEntries(
      features.names.map((name, j) => [name, Number.isNaN(values[j]!) ? null : values[j]!]),
    );
    const { probability, reasons } = model.predict(known);
    return atStake({ customerId, churnProbability: probability, reasons }, known, horizonDays);
  }).sort(byValueAtRisk);
}

/** What is at stake with a customer of this risk and these features. */
function atStake(
  scored: Pick<ScoredCustomer, "customerId" | "churnProbability" | "reasons">,
  features: Record<string, unknown>,
  horizonDays: number,
): ScoredCustomer {
  const known = (name: string, otherwise: number) => features[name] as number | null | undefined ?? otherwise;
  const recencyDays = known("recency_days", Infinity);
  const spend = usualSpend(
    { netSales: known("net_sales", 0), tenureDays: known("tenure_days", 0) },
    horizonDays,
  );
  return {
    ...scored,
    recencyDays,
    isActive: recencyDays <= horizonDays,
    usualSpend: spend,
    valueAtRisk: scored.churnProbability * spend,
  };
}

/** Customers come sorted by id, which decides between equals: the sort is stable. */
const byValueAtRisk = (a: ScoredCustomer, b: ScoredCustomer) => b.valueAtRisk - a.valueAtRisk;

/**
 * How many of these customers each feature is the leading reason for: the one that raises the risk most. Most
 * frequent first.
 */
export function leadingReasons(
  customers: Pick<ScoredCustomer, "reasons">[],
): { feature: string; customers: number }[] {
  const counts = new Map<string, number>();
  for (const { reasons } of customers) {
    const leading = reasons.find(({ contribution }) => contribution > 0);
    if (leading) counts.set(leading.feature, (counts.get(leading.feature) ?? 0) + 1);
  }
  return [...counts].map(([feature, customers]) => ({ feature, customers }))
    .sort((a, b) => b.customers - a.customers);
}
