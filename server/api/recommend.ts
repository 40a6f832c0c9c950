import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { explainInvalid, notReady, problemResponses } from "../problems.ts";
import type { Serving } from "../state/serving.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { EntityId, Versions, type VersionsOf, versionsOfModel, versionsOfScores } from "./answers.ts";

/** Score tables hold this many products a customer. */
const MOST = 20;
const A_COUNT = `a whole number from 1 to ${MOST}`;

const Named = z.object({ product_id: z.string(), product_name: z.string().nullable() });
const Answer = Versions.extend({
  customer_id: z.string(),
  source: z.enum(["model", "popularity"]).openapi({
    description: "model: from this customer's history; popularity: the shop's best sellers, for the " +
      "unknown, and for everybody while a baseline serves",
  }),
  items: z.array(Named.extend({
    category: z.string().nullable(),
    score: z.number(),
    because: Named.nullable().openapi({ description: "The product of the history that weighs most" }),
  })),
});

const route = createRoute({
  method: "get",
  path: "/recommend/{customer_id}",
  summary: "Products for a customer",
  description:
    "The best products for a customer by the current recommendation scores, each with the purchase " +
    "that speaks for it. A customer without history gets the best sellers.",
  request: {
    params: z.object({ customer_id: EntityId.openapi({ example: "CUST000001" }) }),
    query: z.strictObject({
      n: z.coerce.number(A_COUNT).int(A_COUNT).min(1, A_COUNT).max(MOST, A_COUNT).default(5)
        .openapi({ description: A_COUNT, example: 5 }),
    }, { error: "only n" }),
  },
  responses: {
    200: { description: "The best first", content: { "application/json": { schema: Answer } } },
    ...problemResponses(400, 401, 503),
  },
});

interface Answered {
  source: "model" | "popularity";
  versions: VersionsOf;
  products: { productId: string; score: number; because: string | null }[];
}

/**
 * `GET /recommend/{customer_id}`: the best products for a customer; the popular ones for a customer without
 * recommendations, 503 before there are any, or a model.
 */
export function recommendRoutes(cache: ServingCache): OpenAPIHono {
  return new OpenAPIHono({ defaultHook: explainInvalid }).openapi(route, async (c) => {
    const { customer_id } = c.req.valid("param");
    const serving = await cache.current();
    const { source, versions, products } = answerFor(serving, customer_id, c.req.valid("query").n);
    const named = (product_id: string) => ({
      product_id,
      product_name: serving.catalogue?.products.get(product_id)?.name ?? null,
    });
    const items = products.map(({ productId, score, because }) => ({
      ...named(productId),
      category: serving.catalogue?.products.get(productId)?.category ?? null,
      score: Number(score.toPrecision(6)),
      because: because === null ? null : named(because),
    }));
    return c.json({ customer_id, source, items, ...versions }, 200);
  });
}

/** @throws {HttpProblem} 503 when there are no scores, or no model to answer for an unknown customer. */
function answerFor(serving: Serving, customerId: string, n: number): Answered {
  const { recommendations, recommender, failed } = serving;
  if (recommendations === undefined) {
    throw notReady("Recommendations are", { failed: failed.includes("recommendations") });
  }
  const scored = recommendations.of(customerId, n);
  if (scored !== undefined) {
    const versions = versionsOfScores(recommendations.table);
    const source = versions.model_kind === "baseline" ? "popularity" : "model";
    return { source, versions, products: scored };
  }
  if (recommender === undefined) {
    throw notReady("Recommendations for unknown customers are", {
      failed: failed.includes("recommender"),
      command: "deno task pipeline run train",
    });
  }
  return {
    source: "popularity",
    versions: versionsOfModel(recommender.card),
    products: recommender.model.popular(n),
  };
}
