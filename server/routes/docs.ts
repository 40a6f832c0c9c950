import type { OpenAPIHono } from "@hono/zod-openapi";
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

/** Adds `/openapi.json` and its page `/docs`, which describe the endpoints that `app` has by then. */
export function addDocs(app: OpenAPIHono, { keyRequired }: { keyRequired: boolean }): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "Needed when the server was started with SHOPFLOW_API_KEY",
  });
  const document = app.getOpenAPI31Document(DOCUMENT);
  const endpoints = documentedEndpoints(document);
  app.get("/openapi.json", (c) => c.json(document));
  app.get(
    "/docs",
    (c) => c.html(renderDocsPage({ endpoints, origin: new URL(c.req.url).origin, keyRequired })),
  );
}
