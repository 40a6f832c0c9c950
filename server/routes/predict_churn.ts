import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { CHURN_POPULATION_DAYS } from "shopflow/features/mod.ts";
import {
  beyondTraining,
  type ChurnPrediction,
  expectedValues,
  inputProblem,
  type SentFeatures,
} from "shopflow/models/mod.ts";
import { HttpProblem, notReady } from "../problem.ts";
import type { Serving } from "../serving/serving.ts";
import type { ServingCache } from "../serving/serving_cache.ts";
import { explainInvalid } from "../validation.ts";
import { churnAdvice } from "./churn_advice.ts";
import { ChurnAnswer, ChurnBatchAnswer, ChurnRequest, type ChurnScored } from "./churn_schemas.ts";
import { problemResponses } from "./problem_responses.ts";
import { versionsOfModel, versionsOfScores } from "./versions.ts";

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
