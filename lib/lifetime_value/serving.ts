import {
  columnSlices,
  defineEndpoint,
  EntityId,
  notReady,
  RequestError,
  type Served,
  type ServingDefinition,
  Versions,
  versionsOfScores,
} from "shopflow/ml/mod.ts";
import { z } from "zod";
import { type LifetimeValueModel, valueCustomers } from "./fit.ts";
import type { ShopValueModel } from "./shop_model.ts";

/** Days of the score table, and the furthest that a request may look. */
const DEFAULT_DAYS = 365, MOST_DAYS = 3650;

/** Columns of the score table that the server keeps. */
const COLUMNS = [
  "alive_probability",
  "expected_purchases",
  "expected_purchases_low",
  "expected_purchases_high",
  "expected_amount",
  "expected_value",
  "expected_value_low",
  "expected_value_high",
  "frequency",
  "recency_days",
  "observed_days",
  "paid_purchases",
  "mean_amount",
] as const;

/** A row of the score table; null is not known. */
type ScoredCustomer = Record<typeof COLUMNS[number], number | null>;

/** The lifetime value score table in memory, by customer: 104 bytes a row and the ids. */
export interface LifetimeValueScores {
  of(customerId: string): ScoredCustomer | undefined;
}

type ServedValues = Served<ShopValueModel, LifetimeValueScores>;

const Interval = z.tuple([z.number(), z.number()]).nullable().meta({
  description: "95 % interval of the expectation, not of what the customer will do; null with the baseline",
});
const Answer = Versions.extend({
  customer_id: z.string(),
  horizon_days: z.number(),
  alive_probability: z.number().nullable().meta({
    description: "Probability that the customer has not left for good; null with the baseline",
  }),
  expected_purchases: z.number().meta({ description: "Days with an order within the horizon" }),
  expected_purchases_interval: Interval,
  expected_amount: z.number().nullable().meta({
    description: "Expected sales of such a day; null where no amount is known",
  }),
  expected_value: z.number().nullable().meta({
    description: "Expected sales within the horizon, after discounts and before returns",
  }),
  expected_value_interval: Interval,
});

const DAYS = `a whole number from 1 to ${MOST_DAYS}`;

/**
 * `GET /lifetime_value/{customer_id}`: what a customer is expected to buy within a horizon; 404 for a customer who never
 * bought, 503 before the first scores.
 */
const lifetimeValue = defineEndpoint({
  method: "get",
  path: "/lifetime_value/{customer_id}",
  summary: "Expected purchases and sales of a customer",
  description:
    "Whether a customer still is one, and what to expect within a horizon. Other horizons than that of the " +
    "score table are computed at the request.",
  example: { question: "What is a customer worth?", path: "/lifetime_value/CUST000001?days=730" },
  params: z.object({ customer_id: EntityId.meta({ example: "CUST000001" }) }),
  query: z.strictObject({
    days: z.coerce.number(DAYS).int(DAYS).min(1, DAYS).max(MOST_DAYS, DAYS).default(DEFAULT_DAYS)
      .meta({ description: `The horizon in days, ${DAYS}`, example: 730 }),
  }, { error: "only days" }),
  answer: { description: "Expectations with intervals", schema: Answer },
  refusals: [404],
  respond(
    { scores, model, failed }: ServedValues,
    { params: { customer_id }, query: { days } },
  ): z.infer<typeof Answer> {
    if (scores === undefined) throw notReady("Lifetime values are", { failed: failed.scores });
    const scored = scores.rows.of(customer_id);
    if (scored === undefined) {
      throw new RequestError(404, "customer_not_scored", "There are no orders of such a customer", {
        found: customer_id,
        remedy: "Use the customer_id of a customer with an order.",
      });
    }
    const versions = versionsOfScores(scores.table);
    const said = days === DEFAULT_DAYS
      ? scored
      : versions.model_kind === "baseline"
      ? repeated(scored, days / DEFAULT_DAYS)
      : model?.model.kind === "model" && model.card.version === scores.table.modelVersion
      ? valuedOver(model.model.model, scored, days)
      : undefined;
    // While a newer model is loaded than that of the scores, only the horizon of the scores can be answered.
    if (said === undefined) throw notReady("The model of these lifetime values is", { failed: failed.model });
    return {
      customer_id,
      horizon_days: days,
      alive_probability: rounded(said.alive_probability),
      expected_purchases: rounded(said.expected_purchases) ?? 0,
      expected_purchases_interval: interval(said.expected_purchases_low, said.expected_purchases_high),
      expected_amount: rounded(said.expected_amount),
      expected_value: rounded(said.expected_value),
      expected_value_interval: interval(said.expected_value_low, said.expected_value_high),
      ...versions,
    };
  },
});

const rounded = (value: number | null) => value === null ? null : Number(value.toPrecision(6));

function interval(low: number | null, high: number | null): [number, number] | null {
  const [from, to] = [rounded(low), rounded(high)];
  return from === null || to === null ? null : [from, to];
}

/** The baseline's forecast of so many periods of the score table. */
function repeated(scored: ScoredCustomer, periods: number): ScoredCustomer {
  const { expected_purchases, expected_value } = scored;
  return {
    ...scored,
    expected_purchases: (expected_purchases ?? 0) * periods,
    expected_value: expected_value === null ? null : expected_value * periods,
  };
}

/** The model's forecast over another horizon than that of the score table. */
function valuedOver(model: LifetimeValueModel, scored: ScoredCustomer, horizon: number): ScoredCustomer {
  const one = (name: keyof ScoredCustomer) => [scored[name] ?? 0];
  const values = valueCustomers(model, {
    frequency: one("frequency"),
    recency: one("recency_days"),
    T: one("observed_days"),
    spending: { count: one("paid_purchases"), meanAmount: one("mean_amount") },
  }, { horizon });
  const at = (column: Float64Array | undefined) => column?.[0] ?? null;
  return {
    ...scored,
    alive_probability: at(values.alive),
    expected_purchases: at(values.purchases),
    expected_purchases_low: at(values.purchasesLow),
    expected_purchases_high: at(values.purchasesHigh),
    expected_amount: at(values.amount),
    expected_value: at(values.value),
    expected_value_low: at(values.valueLow),
    expected_value_high: at(values.valueHigh),
  };
}

/** How the server answers with lifetime values. */
export const LIFETIME_VALUE_SERVING: ServingDefinition<ShopValueModel, LifetimeValueScores> = {
  endpoints: [lifetimeValue],
  async loadScores(session, source, { rows }) {
    const places = new Map<string, number>();
    const values = COLUMNS.map(() => new Float64Array(rows));
    const selected = `SELECT customer_id, ${COLUMNS.join(", ")} FROM ${source} ORDER BY customer_id`;
    for await (const slice of columnSlices(session, selected)) {
      const from = places.size;
      for (const id of slice.customer_id as string[]) places.set(id, places.size);
      for (const [j, name] of COLUMNS.entries()) {
        values[j]!.set((slice[name] as (number | null)[]).map((value) => value ?? NaN), from);
      }
    }
    return {
      of(customerId) {
        const place = places.get(customerId);
        if (place === undefined) return undefined;
        const cells = COLUMNS.map((name, j) => {
          const value = values[j]![place]!;
          return [name, Number.isNaN(value) ? null : value];
        });
        return Object.fromEntries(cells) as ScoredCustomer;
      },
    };
  },
};
