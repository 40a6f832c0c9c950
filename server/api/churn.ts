import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import {
  beyondTraining,
  CHURN_PLAYBOOK,
  CHURN_POPULATION_DAYS,
  type ChurnPlaybook,
  type ChurnPrediction,
  expectedValues,
  inputProblem,
  type SentFeatures,
} from "shopflow/churn/mod.ts";
import { EntityId, Versions, versionsOfModel, versionsOfScores } from "./answers.ts";
import { explainInvalid, HttpProblem, notReady, problemResponses } from "../problems.ts";
import type { Serving } from "../state/serving.ts";
import type { ServingCache } from "../state/serving_cache.ts";

/** What an answer says is to be done about a customer. */
const ChurnAdvice = z.object({
  risk_band: z.enum(["low", "medium", "high"]).openapi({
    description: `high: churn_probability above ${CHURN_PLAYBOOK.riskAbove}; medium: above half of that`,
  }),
  action: z.object({
    type: z.enum(["discount", "none"]),
    discount_percent: z.number(),
    text: z.string(),
  }).openapi({ description: "What the playbook says to do" }),
});

/** What the playbook says about a customer with this churn probability. */
function churnAdvice(
  probability: number,
  { riskAbove, discount }: ChurnPlaybook = CHURN_PLAYBOOK,
): z.infer<typeof ChurnAdvice> {
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

const MOST_CUSTOMERS = 100;
const IDS = `1 to ${MOST_CUSTOMERS} customer ids as a list`;
const FEATURES =
  'an object of feature names with numbers, null where a value is not known, or "none" where there is ' +
  "nothing to measure";
const ONE_OF = "exactly one of customer_id, customer_ids and features";

/** Models compare single-precision numbers; what overflows them is no measurement. */
const FeatureValue = z.number(FEATURES).refine((value) => Number.isFinite(Math.fround(value)), FEATURES);

/** Body of `POST /predict/churn`: a customer, several, or the features of one. */
const ChurnRequest = z.strictObject({
  customer_id: EntityId.optional().openapi({ description: "One customer, from the current scores" }),
  customer_ids: z.array(EntityId, IDS).min(1, IDS).max(MOST_CUSTOMERS, IDS).optional()
    .openapi({ description: IDS }),
  features: z.record(z.string(), z.union([FeatureValue, z.literal("none"), z.null()], FEATURES), FEATURES)
    .optional()
    .openapi({ description: `For customers the shop does not know: ${FEATURES}` }),
}, { error: (issue) => issue.code === "unrecognized_keys" ? ONE_OF : `an object with ${ONE_OF}` })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    error: `an object with ${ONE_OF}`,
  });

const ReasonSchema = z.object({
  feature: z.string(),
  value: z.number().nullable(),
  contribution: z.number().openapi({
    description: "What the feature adds to the log-odds of leaving; below 0 it lowers the risk",
  }),
  text: z.string().openapi({ description: "The fact in words" }),
});

/** A customer's score, with what to do and why. */
const ChurnScored = z.object({
  customer_id: z.string().optional().openapi({ description: "Absent when features were sent" }),
  churn_probability: z.number().openapi({
    description: "Probability of no order in the next 90 days, 0 to 1",
  }),
  ...ChurnAdvice.shape,
  reasons: z.array(ReasonSchema).openapi({ description: "What moved the score most, strongest first" }),
});

/** Answer about one customer. */
const ChurnAnswer = ChurnScored.extend(Versions.shape).extend({
  averaged_features: z.array(z.string()).optional().openapi({
    description: "Features that were not sent: they took the values of similar customers of the training",
  }),
  averaged_over: z.number().optional().openapi({
    description: "How many customers of the training these are; 0 when every feature was sent",
  }),
  outside_training_range: z.array(z.object({ feature: z.string(), expected: z.string() })).optional().openapi(
    {
      description:
        "Features that were sent with values that no training customer had: the estimate is less certain",
    },
  ),
});

/** Answer to a request with `customer_ids`. */
const ChurnBatchAnswer = Versions.extend({
  predictions: z.array(ChurnScored),
  not_scored: z.array(z.string()).openapi({ description: "Customers without a score" }),
});

const MOST_REASONS = 5;

const route = createRoute({
  method: "post",
  path: "/predict/churn",
  summary: "Churn risk of a customer",
  description:
    "The probability that a customer will not order in the next 90 days, with the reasons and what to do. " +
    "By customer_id from the current scores, by customer_ids for several, or by features for anyone. " +
    "Features need at least the required ones; see the table of features below. What is not sent is averaged over " +
    "the training customers that are most like this one, and reasons speak only of what was sent.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: ChurnRequest,
          examples: {
            customer: { summary: "A customer of the shop", value: { customer_id: "CUST000001" } },
            customers: {
              summary: "Several at once",
              value: { customer_ids: ["CUST000001", "CUST000002"] },
            },
            features: {
              summary:
                "Anyone, by features; what is left out is averaged over similar customers of the training",
              value: { features: { recency_days: 112, order_count: 4 } },
            },
          },
        },
      },
    },
  },
  responses: {
    200: {
      description: "The score, or for customer_ids the list of scores",
      content: { "application/json": { schema: z.union([ChurnAnswer, ChurnBatchAnswer]) } },
    },
    ...problemResponses(400, 401, 404, 413, 415, 422, 503),
  },
});

/**
 * `POST /predict/churn`: published scores of customers by id, or a score of features that are sent; 404 for one customer
 * without a score, 422 for features that no estimate can be made from, 503 as long as there are no scores, or no model.
 */
export function predictChurnRoutes(cache: ServingCache): OpenAPIHono {
  return new OpenAPIHono({ defaultHook: explainInvalid }).openapi(route, async (c) => {
    const { customer_id, customer_ids, features } = c.req.valid("json");
    const serving = await cache.current();
    if (features !== undefined) return c.json(scoreFeatures(serving, features), 200);
    if (customer_ids !== undefined) return c.json(lookUpAll(serving, customer_ids), 200);
    return c.json(lookUp(serving, customer_id!), 200);
  });
}

function lookUp(serving: Serving, customerId: string): z.infer<typeof ChurnAnswer> {
  const scores = requireScores(serving);
  const score = scores.of(customerId);
  if (score !== undefined) return { ...scored(score, customerId), ...versionsOfScores(scores.table) };
  if (serving.catalogue?.customers.has(customerId) && scores.table.rows === 0) {
    throw nothingScored(`${customerId} has no churn score, nor has anybody`, 404, scores);
  }
  if (serving.catalogue?.customers.has(customerId)) {
    throw new HttpProblem(404, "customer_not_scored", `${customerId} has no churn score`, {
      expected: `a customer with an order in the ${CHURN_POPULATION_DAYS} days before ${scores.table.asOf}`,
      found: "a customer of the shop without one",
      remedy: "Who bought nothing for longer is lost already; newcomers are scored after their first order.",
    });
  }
  throw new HttpProblem(404, "customer_not_found", "There is no such customer", {
    found: customerId,
    remedy:
      'Use a customer_id of dim_customers, or send {"features": {...}} for a customer the shop does not know.',
  });
}

function lookUpAll(serving: Serving, customerIds: string[]): z.infer<typeof ChurnBatchAnswer> {
  const scores = requireScores(serving);
  const found = customerIds.map((id) => ({ id, score: scores.of(id) }));
  return {
    predictions: found.flatMap(({ id, score }) => score === undefined ? [] : [scored(score, id)]),
    not_scored: found.filter(({ score }) => score === undefined).map(({ id }) => id),
    ...versionsOfScores(scores.table),
  };
}

function scoreFeatures(
  { churnModel, churnScores, failed }: Serving,
  features: SentFeatures,
): z.infer<typeof ChurnAnswer> {
  if (churnModel === undefined) {
    if (churnScores?.table.rows === 0) throw nothingScored("Nothing can score features", 503, churnScores);
    throw notReady("Churn models are", {
      failed: failed.includes("churnModel"),
      command: "deno task pipeline run train",
    });
  }
  const { card, model } = churnModel;
  const wrong = inputProblem(model.inputs, features);
  if (wrong !== undefined) throw new HttpProblem(422, wrong.code, wrong.problem, wrong);
  if (!("estimate" in model)) {
    return { ...scored(model.predict(numbersOf(features))), ...versionsOfModel(card) };
  }
  const estimate = model.estimate(features);
  return {
    ...scored(estimate),
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
function nothingScored(problem: string, status: 404 | 503, { table }: NonNullable<Serving["churnScores"]>) {
  const code = status === 404 ? "customer_not_scored" : "not_ready";
  return new HttpProblem(status, code, problem, {
    found: table.baselineReason ?? "an empty score table",
    remedy: "The pipelines make scores as soon as there is enough data.",
  });
}

/** The baseline takes what there is nothing to measure of as what is not known: it looks at the recency only. */
const numbersOf = (sent: SentFeatures): Record<string, number | null> =>
  Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, value === "none" ? null : value]),
  );

function scored(
  { probability, reasons }: ChurnPrediction,
  customer_id?: string,
): z.infer<typeof ChurnScored> {
  return {
    ...(customer_id !== undefined && { customer_id }),
    churn_probability: Number(probability.toFixed(6)),
    ...churnAdvice(probability),
    reasons: reasons.slice(0, MOST_REASONS).map((reason) => ({
      ...reason,
      contribution: Number(reason.contribution.toFixed(4)),
    })),
  };
}

function requireScores({ churnScores, failed }: Serving): NonNullable<Serving["churnScores"]> {
  if (churnScores === undefined) {
    throw notReady("Churn scores are", { failed: failed.includes("churnScores") });
  }
  return churnScores;
}
