import { readScoredCustomers } from "shopflow/churn/mod.ts";
import { deletedCustomers } from "shopflow/segments/audiences/mod.ts";
import { LakeError } from "shopflow/errors/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/**
 * What a list records of each customer, as known on its day: what uplift models learn from. Their order is that of the
 * columns of a feature matrix.
 */
export const COVARIATES = [
  "churn_probability",
  "usual_spend",
  "recency_days",
  "order_count",
  "tenure_days",
] as const;

/** Covariates by name; NaN where one is not known. */
export type Covariates = Record<(typeof COVARIATES)[number], number>;

/** A customer who may be put on a list. */
export interface Candidate {
  customerId: string;
  /** Ordered within the churn horizon: a customer whom one can still keep. */
  isActive: boolean;
  covariates: Covariates;
}

/** Customers who may be put on a list, and what is known of them. */
export interface Population {
  /** They are seen as they were before this day. */
  asOf: string;
  candidates: Candidate[];
}

/**
 * The customers with a published churn score whom the shop has not deleted since.
 *
 * @param session A session with `dim_customers` and the score table as the view `scores_churn`.
 * @throws {LakeError} when nobody has a score.
 */
export async function readPopulation(session: Pick<Session, "rows">): Promise<Population> {
  const scored = await readScoredCustomers(session);
  if (scored === undefined) {
    throw new LakeError("No list can be drawn: nobody has a churn score", {
      expected: "published churn scores",
      found: "an empty score table",
      remedy: "Scores need a history of some months; `deno task pipeline run train score` makes them.",
    });
  }
  const rows = await session.rows<
    { customer_id: string; order_count: number | null; tenure_days: number | null }
  >(
    "SELECT customer_id, order_count, tenure_days FROM scores_churn",
  );
  const more = new Map(rows.map((row) => [row.customer_id, row]));
  const deleted = new Set(await deletedCustomers(session));
  return {
    asOf: scored.asOf,
    candidates: scored.customers.filter(({ customerId }) => !deleted.has(customerId)).map((
      { customerId, isActive, churnProbability, usualSpend, recencyDays },
    ) => ({
      customerId,
      isActive,
      covariates: {
        churn_probability: churnProbability,
        usual_spend: usualSpend,
        recency_days: Number.isFinite(recencyDays) ? recencyDays : NaN,
        order_count: more.get(customerId)?.order_count ?? NaN,
        tenure_days: more.get(customerId)?.tenure_days ?? NaN,
      },
    })),
  };
}
