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
    const recencyDays = known.recency_days ?? Infinity;
    const spend = usualSpend(
      { netSales: known.net_sales ?? 0, tenureDays: known.tenure_days ?? 0 },
      horizonDays,
    );
    return {
      customerId,
      churnProbability: probability,
      recencyDays,
      isActive: recencyDays <= horizonDays,
      usualSpend: spend,
      valueAtRisk: probability * spend,
      reasons,
    };
  }).sort((a, b) => b.valueAtRisk - a.valueAtRisk);
}

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
