import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type Endpoint, type ModelDefinition, RequestError, type Served } from "shopflow/ml/mod.ts";
import { explainInvalid, HttpProblem, problemResponses } from "../problems.ts";
import { servedBy } from "../state/serving.ts";
import type { ServingCache } from "../state/serving_cache.ts";

/** The routes by which a model answers: one for each of its endpoints, as its definition describes them. */
export function scoringRoutes(definition: ModelDefinition, cache: ServingCache): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: explainInvalid });
  for (const endpoint of definition.serving.endpoints) {
    app.openapi(routeOf(endpoint), async (c) => {
      const request = {
        params: validated(c, endpoint.params && "param"),
        query: validated(c, endpoint.query && "query"),
        body: validated(c, endpoint.body && "json"),
      };
      const served = servedBy(await cache.current(), definition);
      return c.json(answered(() => endpoint.respond(served, request)), 200);
    });
  }
  return app;
}

/** The endpoint as a route of Hono, for requests and for OpenAPI. */
function routeOf({ params, query, body, answer, refusals, ...route }: Endpoint<Served>) {
  const requestRefusals = body === undefined ? [] : [413, 415] as const;
  return createRoute({
    method: route.method,
    path: route.path,
    summary: route.summary,
    description: route.description,
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && {
        body: {
          required: true,
          content: { "application/json": { schema: body.schema, examples: body.examples } },
        },
      }),
    },
    responses: {
      200: { description: answer.description, content: { "application/json": { schema: answer.schema } } },
      ...problemResponses(400, 401, 503, ...requestRefusals, ...refusals),
    },
  });
}

/** What the schema made of a part of the request. Hono types it by the route, which is known at run time only. */
function validated(c: Context, target: "param" | "query" | "json" | undefined): unknown {
  return target && c.req.valid(target as never);
}

/** The answer; a refusal of the model becomes one of the server. */
function answered(respond: () => object): object {
  try {
    return respond();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new HttpProblem(error.status, error.code, error.problem, error);
  }
}
