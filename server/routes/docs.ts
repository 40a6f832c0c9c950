import type { OpenAPIHono } from "@hono/zod-openapi";
import { exampleIds } from "../serving/example_ids.ts";
import type { ServingCache } from "../serving/serving_cache.ts";
import { renderDocsPage } from "../views/docs_page.tsx";
import { documentedEndpoints } from "./documented_endpoints.ts";

const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "ShopFlow scoring API",
    version: "1",
    description:
      "Churn risk, recommendations and stock plans of one shop. Every answer names the version of the " +
      "model and of the data it comes from.",
  },
};

interface DocsOptions {
  cache: ServingCache;
  /** Whether requests need an API key. */
  keyRequired: boolean;
}

/** Adds `/openapi.json` and its page `/docs`, which describe the endpoints that `app` has by then. */
export function addDocs(app: OpenAPIHono, { cache, keyRequired }: DocsOptions): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "Needed when the server was started with SHOPFLOW_API_KEY",
  });
  const document = app.getOpenAPI31Document(DOCUMENT);
  const endpoints = documentedEndpoints(document);
  app.get("/openapi.json", (c) => c.json(document));
  app.get("/docs", async (c) => {
    const example = exampleIds(await cache.current());
    return c.html(renderDocsPage({ endpoints, example, origin: new URL(c.req.url).origin, keyRequired }));
  });
}
