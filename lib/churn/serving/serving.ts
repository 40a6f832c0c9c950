import {
  columnSlices,
  defineEndpoint,
  EntityId,
  type InputsDescription,
  notReady,
  RequestError,
  type Served,
  type ServingDefinition,
  Versions,
  versionsOfModel,
  versionsOfScores,
} from "shopflow/ml/mod.ts";
import { z } from "zod";
import type { BaselineChurnModel } from "../baseline.ts";
import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS } from "shopflow/customers/mod.ts";
import { beyondTraining, expectedValues, inputProblem, type SentFeatures } from "./inputs.ts";
import type { ChurnPrediction, DeclaredChurnModel } from "../model.ts";
import type { Reason } from "../reasons.ts";
import type { ChurnPlaybook } from "../playbook.ts";

/** What scores features that are sent: a trained model, or the baseline. */
export type ServedChurnModel = DeclaredChurnModel | BaselineChurnModel;

/** The churn score table in memory, by customer. */
export interface ChurnScores {
  customerIds(): Iterator<string>;
  of(customerId: string): ChurnPrediction | undefined;
}

type ServedChurn = Served<ServedChurnModel, ChurnScores>;

/** What an answer says is to be done about a customer. */
const RecommendedAction = z.object({
  risk_band: z.enum(["low", "medium", "high"]).meta({
    description: "high: churn_probability above the playbook's limit; medium: above half of that",
  }),
  action: z.object({
    type: z.enum(["discount", "none"]),
    discount_percent: z.number(),
    text: z.string(),
  }).meta({ description: "Action that the playbook recommends" }),
});

/** What the playbook says about a customer with this churn probability. */
function recommendedAction(
  probability: number,
  { riskAbove, discount }: ChurnPlaybook,
): z.infer<typeof RecommendedAction> {
  const discount_percent = Math.round(discount * 100);
  if (probability > riskAbove) {
    const text = `Offer a ${discount_percent} % discount.`;
    return { risk_band: "high", action: { type: "discount", discount_percent, text } };
  }
  return {
    risk_band: probability > riskAbove / 2 ? "medium" : "low",
    action: { type: "none", discount_percent: 0, text: "No offer: the risk is below the playbook's limit." },
  };
}

const MAX_CUSTOMERS = 100;
const IDS = `1 to ${MAX_CUSTOMERS} customer ids as a list`;
const FEATURES =
  'an object of feature names with numbers, null if a value is unknown, or "none" if there is nothing to measure';
const ONE_OF = "exactly one of customer_id, customer_ids and features";

/** Models compare single-precision numbers; what overflows them is no measurement. */
const FeatureValue = z.number(FEATURES).refine((value) => Number.isFinite(Math.fround(value)), FEATURES);

/** Body of `POST /predict/churn`: a customer, several, or the features of one. */
const ChurnRequest = z.strictObject({
  customer_id: EntityId.optional().meta({ description: "One customer, from the current scores" }),
  customer_ids: z.array(EntityId, IDS).min(1, IDS).max(MAX_CUSTOMERS, IDS).optional()
    .meta({ description: IDS }),
  features: z.record(z.string(), z.union([FeatureValue, z.literal("none"), z.null()], FEATURES), FEATURES)
    .optional()
    .meta({ description: `For customers the shop does not know: ${FEATURES}` }),
}, { error: (issue) => issue.code === "unrecognized_keys" ? ONE_OF : `an object with ${ONE_OF}` })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    error: `an object with ${ONE_OF}`,
  });

const ReasonSchema = z.object({
  topic: z.string().meta({ description: "What it is about; features of one topic are one reason" }),
  feature: z.string().meta({ description: "The feature of the topic that says most" }),
  value: z.number().nullable().meta({ description: "Of that feature; null if it is not known" }),
  contribution: z.number().meta({
    description: "What the topic's features add to the log-odds of leaving; below 0 they lower the risk",
  }),
  effect: z.enum(["raises", "lowers"]).meta({ description: "What it does to the risk" }),
  text: z.string().meta({ description: "The reason as a sentence" }),
});

/** A customer's score, with what to do and why. */
const ChurnScored = z.object({
  customer_id: z.string().optional().meta({ description: "Absent when features were sent" }),
  churn_probability: z.number().meta({
    description: "Calibrated probability of no order in the next horizon_days days, 0 to 1",
  }),
  horizon_days: z.int().meta({ description: "How many days the churn model looks ahead: 30, 60 or 90" }),
  ...RecommendedAction.shape,
  reasons: z.array(ReasonSchema).meta({ description: "What moved the score most, strongest first" }),
});

/** Answer about one customer. */
const ChurnAnswer = ChurnScored.extend(Versions.shape).extend({
  averaged_features: z.array(z.string()).optional().meta({
    description: "Features that were not sent; values of similar training customers were used",
  }),
  averaged_over: z.number().optional().meta({
    description: "Number of those training customers; 0 if every feature was sent",
  }),
  outside_training_range: z.array(z.object({ feature: z.string(), expected: z.string() })).optional().meta({
    description: "Features with values that no training customer had: the estimate is less certain",
  }),
});

/** Answer to a request with `customer_ids`. */
const ChurnBatchAnswer = Versions.extend({
  predictions: z.array(ChurnScored),
  not_scored: z.array(z.string()).meta({ description: "Customers without a score" }),
});

const MAX_REASONS = 5;

/**
 * `POST /predict/churn`: published scores of customers by id, or a score of features that are sent; 404 for one customer
 * without a score, 422 for features that no estimate can be made from, 503 as long as there are no scores, or no model.
 */
const predictChurn = (playbook: ChurnPlaybook) =>
  defineEndpoint({
    method: "post",
    path: "/predict/churn",
    summary: "Churn risk of a customer",
    description:
      "The probability that a customer will not order in the next horizon_days, with reasons and a " +
      "recommended action. " +
      "By customer_id from the current scores, by customer_ids for several, or by features for anyone. " +
      "At least the required features must be sent; see the table of features below. Missing features " +
      "are averaged over the most similar training customers, and reasons name only features that were " +
      "sent.",
    example: {
      question: "Will this customer leave?",
      path: "/predict/churn",
      body: { customer_id: "CUST000001" },
    },
    body: {
      schema: ChurnRequest,
      examples: {
        customer: { summary: "A customer of the shop", value: { customer_id: "CUST000001" } },
        customers: { summary: "Several at once", value: { customer_ids: ["CUST000001", "CUST000002"] } },
        features: {
          summary: "Anyone, by features; missing features are averaged over similar training customers",
          value: { features: { recency_days: 112, order_count: 4 } },
        },
      },
    },
    answer: {
      description: "The score, or for customer_ids the list of scores",
      schema: z.union([ChurnAnswer, ChurnBatchAnswer]),
    },
    refusals: [404, 422],
    respond(served: ServedChurn, { body }) {
      const { customer_id, customer_ids, features } = body;
      if (features !== undefined) return scoreFeatures(served, features, playbook);
      if (customer_ids !== undefined) return lookUpAll(served, customer_ids, playbook);
      // The schema lets exactly one of the three pass.
      return lookUp(served, customer_id ?? "", playbook);
    },
  });

function lookUp(
  served: ServedChurn,
  customerId: string,
  playbook: ChurnPlaybook,
): z.infer<typeof ChurnAnswer> {
  const { table, rows } = requireScores(served);
  const score = rows.of(customerId);
  if (score !== undefined) return { ...scored(score, playbook, customerId), ...versionsOfScores(table) };
  const isCustomer = served.shop?.customers.has(customerId);
  if (isCustomer && table.rows === 0) {
    throw nothingScored(
      `${customerId} has no churn score, and neither has any other customer`,
      404,
      table.baselineReason,
    );
  }
  if (isCustomer) {
    throw new RequestError(404, "customer_not_scored", `${customerId} has no churn score`, {
      expected: `a customer with an order in the ${CUSTOMER_POPULATION_DAYS} days before ${table.asOf}`,
      found: "a customer without an order in that time",
      remedy: "Customers without an order for longer have lapsed already; new customers are scored " +
        "after their first order.",
    });
  }
  throw new RequestError(404, "customer_not_found", "There is no such customer", {
    found: customerId,
    remedy:
      'Use a customer_id of dim_customers, or send {"features": {...}} for a customer the shop does not know.',
  });
}

function lookUpAll(
  served: ServedChurn,
  customerIds: string[],
  playbook: ChurnPlaybook,
): z.infer<typeof ChurnBatchAnswer> {
  const { table, rows } = requireScores(served);
  const found = customerIds.map((id) => ({ id, score: rows.of(id) }));
  return {
    predictions: found.flatMap(({ id, score }) => score === undefined ? [] : [scored(score, playbook, id)]),
    not_scored: found.filter(({ score }) => score === undefined).map(({ id }) => id),
    ...versionsOfScores(table),
  };
}

function scoreFeatures(
  { model: served, scores, failed }: ServedChurn,
  features: SentFeatures,
  playbook: ChurnPlaybook,
): z.infer<typeof ChurnAnswer> {
  if (served === undefined) {
    if (scores?.table.rows === 0) {
      throw nothingScored("Features cannot be scored yet", 503, scores.table.baselineReason);
    }
    throw notReady("Churn models are", { failed: failed.model, command: "deno task pipeline run train" });
  }
  const { card, model } = served;
  const wrong = inputProblem(model.inputs, features);
  if (wrong !== undefined) throw new RequestError(422, wrong.code, wrong.problem, wrong);
  if (!("estimate" in model)) {
    return { ...scored(model.predict(numbersOf(features)), playbook), ...versionsOfModel(card) };
  }
  const estimate = model.estimate(features);
  return {
    ...scored(estimate, playbook),
    ...versionsOfModel(card),
    averaged_features: estimate.averagedFeatures,
    averaged_over: estimate.averagedOver,
    outside_training_range: beyondTraining(model.inputs, features).map((feature) => ({
      feature: feature.name,
      expected: expectedValues(feature),
    })),
  };
}

/** The shop's history is too short for any model, and for the baseline. */
function nothingScored(problem: string, status: 404 | 503, reason = "an empty score table"): RequestError {
  return new RequestError(status, status === 404 ? "customer_not_scored" : "not_ready", problem, {
    found: reason,
    remedy: "The pipelines make scores as soon as there is enough data.",
  });
}

/** The baseline takes what there is nothing to measure of as what is not known: it looks at the recency only. */
const numbersOf = (sent: SentFeatures): Record<string, number | null> =>
  Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, value === "none" ? null : value]),
  );

function scored(
  { probability, horizonDays, reasons }: ChurnPrediction,
  playbook: ChurnPlaybook,
  customer_id?: string,
): z.infer<typeof ChurnScored> {
  return {
    ...(customer_id !== undefined && { customer_id }),
    churn_probability: Number(probability.toFixed(6)),
    horizon_days: horizonDays,
    ...recommendedAction(probability, playbook),
    reasons: reasons.slice(0, MAX_REASONS).map((reason) => ({
      ...reason,
      contribution: Number(reason.contribution.toFixed(4)),
    })),
  };
}

function requireScores({ scores, failed }: ServedChurn): NonNullable<ServedChurn["scores"]> {
  if (scores === undefined) throw notReady("Churn scores are", { failed: failed.scores });
  return scores;
}

/**
 * How the server answers about churn, with the action that a playbook recommends. Scores are held in memory, where a lookup takes microseconds; 100 lookups at once
 * by an index of DuckDB take longer than 100 whole requests do (tests/benchmarks/server_bench.ts).
 */
export const churnServing = (
  playbook: ChurnPlaybook,
): ServingDefinition<ServedChurnModel, ChurnScores> => ({
  endpoints: [predictChurn(playbook)],
  async loadScores(session, source, table) {
    const rowOf = new Map<string, number>();
    const probabilities = new Float64Array(table.rows);
    const reasons: string[] = [];
    const horizons = new Uint16Array(table.rows);
    const query = `SELECT customer_id, horizon_days, churn_probability, reasons FROM ${source}`;
    for await (const slice of columnSlices(session, query, 4000)) {
      probabilities.set(slice.churn_probability as number[], rowOf.size);
      horizons.set(slice.horizon_days as number[], rowOf.size);
      for (const id of slice.customer_id as string[]) rowOf.set(id, rowOf.size);
      reasons.push(...slice.reasons as string[]);
    }
    return {
      customerIds: () => rowOf.keys(),
      of(customerId) {
        const row = rowOf.get(customerId);
        const probability = row === undefined ? undefined : probabilities[row];
        if (row === undefined || probability === undefined) return undefined;
        // Kept as text: parsed reasons of 100,000 customers would take several times the memory.
        return {
          probability,
          horizonDays: horizons[row] ?? 0,
          reasons: JSON.parse(reasons[row] ?? "[]") as Reason[],
        };
      },
    };
  },
  scoredCustomers: (scores) => scores.customerIds(),
  describeInputs,
});

/** The features of the churn model, with the values that it takes. */
function describeInputs(model: ServedChurnModel | undefined): InputsDescription {
  const declared = model?.inputs.features;
  const byName = new Map(declared?.map((feature) => [feature.name, feature]));
  // A baseline does not say what its training saw.
  const isBaseline = declared?.every(({ seen }) => seen === undefined) ?? false;
  return {
    title: "Features of the churn model",
    note: "An estimate from features needs the required ones. " +
      (isBaseline
        ? "The baseline is in use now; it uses only these."
        : "Other features that are missing or null are averaged over the most similar training customers.") +
      ' "none" says that there is nothing to measure, such as the share of carts abandoned of a customer who ' +
      "never filled one.",
    features: CUSTOMER_FEATURES.features.filter(({ name }) => declared === undefined || byName.has(name))
      .map(({ name, unit, description }) => {
        const feature = byName.get(name);
        return {
          name,
          unit,
          description,
          required: feature?.required ?? false,
          values: feature === undefined ? "" : expectedValues(feature),
        };
      }),
  };
}
