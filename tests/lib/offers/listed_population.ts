import type { DrawInputs, DrawOptions } from "../../../lib/offers/draw/draw.ts";
import type { Population } from "../../../lib/offers/draw/population.ts";

/** Customers C0001…, the first with the highest churn probability; each usually spends 100. */
export function population(customers: number, asOf = "2024-10-01"): Population {
  return {
    asOf,
    candidates: Array.from({ length: customers }, (_, i) => ({
      customerId: `C${String(i + 1).padStart(4, "0")}`,
      isActive: i % 2 === 0,
      covariates: {
        churn_probability: 1 - (i + 0.5) / customers,
        usual_spend: 100,
        recency_days: i % 90,
        order_count: 1 + i % 7,
        tenure_days: 100 + i,
      },
    })),
  };
}

/** A tenth off, whose contact costs 1. */
export const OFFER = {
  name: "tenth",
  discount: 0.1,
  margin: 0.5,
  contactCost: 1,
  validDays: 30,
  outcomeDays: 60,
};

export function options(changes: Partial<DrawOptions> = {}): DrawOptions {
  return {
    offer: OFFER,
    trial: "tenth",
    rule: "value_at_risk",
    budget: null,
    most: null,
    audience: null,
    activeOnly: false,
    ...changes,
  };
}

export function inputs(changes: Partial<DrawInputs> = {}): DrawInputs {
  return {
    population: population(1000),
    policy: { quietDays: 90, globalControl: 0 },
    riskAbove: 0.7,
    saveRate: 0.25,
    model: { name: "churn", version: "v1" },
    snapshot: "snapshot-1",
    now: new Date("2024-10-01T08:00:00Z"),
    ...changes,
  };
}
