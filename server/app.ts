import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { accessLog } from "./middleware/access_log.ts";
import { requireApiKey, requireReader } from "./middleware/api_key.ts";
import { answerError, answerMethodNotAllowed, answerNotFound } from "./middleware/problem_answers.ts";
import { securityHeaders } from "./middleware/security_headers.ts";
import { HttpProblem } from "./problem.ts";
import { addDocs } from "./routes/docs.ts";
import { healthRoutes } from "./routes/health.ts";
import { inventoryRoutes } from "./routes/inventory.ts";
import { predictChurnRoutes } from "./routes/predict_churn.ts";
import { recommendRoutes } from "./routes/recommend.ts";
import { reportRoutes } from "./routes/reports.ts";
import { createServingCache, type ServingCacheOptions } from "./serving/serving_cache.ts";

export interface ServerDependencies extends ServingCacheOptions {
  store: ObjectStore;
  runtime: Runtime;
  /** When set, scoring and reports need it. */
  apiKey?: string;
}

/** Largest request body in bytes: a hundred customers, or the features of one, fit many times. */
const LARGEST_BODY = 64 * 1024;

/**
 * The report site and the scoring API over one lake, without listening:
 * `(await createApp(dependencies).request("/health")).status`.
 */
export function createApp({ store, runtime, apiKey, ...options }: ServerDependencies): OpenAPIHono {
  const cache = createServingCache(store, runtime, options);
  const app = new OpenAPIHono();
  app.onError(answerError(runtime));
  app.notFound(answerNotFound);
  app.use(requestId(), accessLog(runtime), securityHeaders());
  app.use(methodNotAllowed({ app, onMethodNotAllowed: answerMethodNotAllowed }));
  for (const path of ["/predict/*", "/recommend/*", "/inventory/*"]) app.use(path, requireApiKey(apiKey));
  for (const path of ["/reports", "/reports/*", "/docs"]) app.use(path, requireReader(apiKey));
  // Only pages: answers to scoring requests are small, and packing them would cost more than it saves.
  for (const path of ["/reports", "/reports/*", "/docs", "/openapi.json"]) app.use(path, compress(), etag());
  app.use("/predict/*", bodyLimit({ maxSize: LARGEST_BODY, onError: refuseLargeBody }));

  app.get("/", (c) => c.redirect("/reports"));
  app.route("/", reportRoutes(store, cache, runtime));
  app.route("/", predictChurnRoutes(cache));
  app.route("/", recommendRoutes(cache));
  app.route("/", inventoryRoutes(cache));
  app.route("/", healthRoutes(cache, runtime));
  addDocs(app, { cache, keyRequired: apiKey !== undefined });
  return app;
}

function refuseLargeBody(): never {
  throw new HttpProblem(413, "body_too_large", "The body is too large", {
    expected: `at most ${LARGEST_BODY} bytes`,
    remedy: "Send fewer customers in one request.",
  });
}
