import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import type { RunName } from "shopflow/jobs/mod.ts";
import type { JobsReader } from "../state/jobs_reader.ts";
import { exampleIds, jsonWithIds } from "../state/served_versions.ts";
import { servedBy } from "../state/serving.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { renderDocsPage } from "../pages/docs_page.tsx";
import { documentedEndpoints } from "./documented_endpoints.ts";

const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "ShopFlow API",
    version: "1",
    description:
      "Churn risk, recommendations and stock plans of one shop, each answer with the version of the model and of " +
      "the data it comes from; and the jobs that keep all of it up to date. Customers in the examples have a " +
      "score in this shop; where the server needs a key they only show the form, and /docs names some.",
  },
};

interface DocsOptions {
  models: readonly ModelDefinition[];
  cache: ServingCache;
  board: JobsReader;
  /** Whether requests need an API key. */
  keyRequired: boolean;
  /** Whether starting, cancelling and pausing runs needs a key of its own. */
  operatorKeyRequired: boolean;
}

/** Adds `/openapi.json` and its page `/docs`, which describe the endpoints that `app` has by then. */
export function addDocs(app: OpenAPIHono, { models, cache, board, ...keys }: DocsOptions): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "Needed when the server was started with SHOPFLOW_API_KEY",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "operatorKey", {
    type: "apiKey",
    in: "header",
    name: "x-operator-key",
    description: "Needed to act on jobs when the server was started with SHOPFLOW_OPERATOR_KEY",
  });
  const document = app.getOpenAPI31Document(DOCUMENT);
  const endpoints = documentedEndpoints(document);
  const json = JSON.stringify(document);
  app.get("/openapi.json", async (c) => {
    c.header("content-type", "application/json");
    // Public, so that ids of the shop are not for it where there is a key.
    if (keys.keyRequired) return c.body(json);
    return c.body(jsonWithIds(json, exampleIds(await cache.current(), models)));
  });
  app.get("/docs", async (c) => {
    const [serving, run] = await Promise.all([cache.current(), exampleRun(board)]);
    const example = { ...exampleIds(serving, models), ...(run && { run }) };
    const inputs = models.flatMap((definition) => {
      const { model } = servedBy(serving, definition);
      const described = definition.serving.describeInputs?.(model?.model);
      return described === undefined ? [] : [described];
    });
    const { origin } = new URL(c.req.url);
    return c.html(renderDocsPage({ endpoints, example, inputs, origin, ...keys }));
  });
}

/** The last run that there is, of the first job that has one; undefined before a scheduler ran. */
async function exampleRun(board: JobsReader): Promise<RunName | undefined> {
  // What of the ledger cannot be read is no reason to have no page.
  const { jobs } = await board.overview().catch(() => ({ jobs: [] }));
  return jobs.find(({ runs }) => runs.length > 0)?.runs.at(-1);
}
