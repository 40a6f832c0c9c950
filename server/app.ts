import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { guardPresence, type ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createJobActions } from "./state/job_actions.ts";
import { createJobBoard, type JobBoardOptions } from "./state/job_board.ts";
import type { ConnectionReport } from "./connections/connection_report.ts";
import {
  accessLog,
  answerError,
  answerMethodNotAllowed,
  answerNotFound,
  securityHeaders,
} from "./access/answers.ts";
import { requireApiKey, requireReader } from "./access/api_key.ts";
import { ownHostOnly } from "./access/origin.ts";
import { lakeNotice } from "./pages/lake_notice.tsx";
import { HttpProblem } from "./problems.ts";
import { addDocs } from "./api/docs.ts";
import { healthRoutes, metricsRoutes } from "./api/health.ts";
import { inventoryRoutes } from "./api/inventory.ts";
import { jobFormRoutes, jobRoutes } from "./pages/job_routes.ts";
import { jobsApiRoutes } from "./api/jobs.ts";
import { predictChurnRoutes } from "./api/churn.ts";
import { recommendRoutes } from "./api/recommend.ts";
import { reportRoutes } from "./pages/report_routes.ts";
import { boundedStore } from "./state/bounded_store.ts";
import { createReportShelf } from "./state/report_shelf.ts";
import { createServingCache, type ServingCacheOptions } from "./state/serving_cache.ts";

export interface ServerDependencies extends ServingCacheOptions, JobBoardOptions {
  store: ObjectStore;
  runtime: Runtime;
  /** When set, scoring, reports and jobs need it. */
  apiKey?: string;
  /** When set, starting, cancelling and pausing runs needs it. */
  operatorKey?: string;
  /** How long a look at the lake may take, in milliseconds; default 10,000. */
  lakeTimeoutMs?: number;
  /** Only programs on this machine reach the server: then nothing needs a key unless one is set. Default: false. */
  loopbackOnly?: boolean;
  /** Names of the server besides addresses and this machine's; without an API key, no other passes. Default: none. */
  names?: string[];
  /** Connections that `/metrics` tells of. */
  connections?: Pick<ConnectionReport, "metrics">;
}

/** Paths that need no key: they show nothing of the shop. Every other one needs a key where there is one. */
export const PUBLIC_PATHS = ["/", "/health", "/openapi.json"];
/** Answers for applications, which have the API key. All other paths are for whoever may read reports. */
const SCORING_PATHS = ["/predict/*", "/recommend/*", "/inventory/*"];
/** Largest request body in bytes: a hundred customers, or the features of one, fit many times. */
const LARGEST_BODY = 64 * 1024;

/**
 * The report site, the pages of the jobs and the API over one lake, without listening:
 * `(await createApp(dependencies).request("/health")).status`.
 */
export function createApp({ store: lake, runtime, ...options }: ServerDependencies): OpenAPIHono {
  const { apiKey, operatorKey, loopbackOnly = false, names = [], connections, lakeTimeoutMs = 10_000 } =
    options;
  const operators = { apiKey, operatorKey, loopbackOnly };
  const guarded = guardPresence(lake);
  const store = boundedStore(guarded, lakeTimeoutMs, () => cache.lake().unreachableSince);
  const shelf = createReportShelf(store, runtime);
  const cache = createServingCache(boundedStore(guarded, lakeTimeoutMs), runtime, options, shelf.refresh);
  const board = createJobBoard(store, runtime, options);
  const actions = createJobActions(store, runtime, board);
  const app = new OpenAPIHono();
  app.onError(answerError(runtime));
  app.notFound(answerNotFound);
  app.use(requestId(), accessLog(runtime), securityHeaders());
  // A key protects what is read under whatever name; a proxy in front may use any.
  app.use(ownHostOnly(apiKey === undefined ? names : undefined));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: answerMethodNotAllowed }));
  for (const path of SCORING_PATHS) app.use(path, requireApiKey(apiKey));
  app.use(except([...PUBLIC_PATHS, ...SCORING_PATHS], requireReader(operators)));
  // Only pages: answers to scoring requests are small, and packing them would cost more than it saves.
  app.use(except(["/", "/health", ...SCORING_PATHS], compress(), etag()));
  for (const path of ["/predict/*", "/jobs/*", "/api/jobs/*"]) {
    app.use(path, bodyLimit({ maxSize: LARGEST_BODY, onError: refuseLargeBody }));
  }
  app.use(lakeNotice(cache, runtime));

  app.get("/", (c) => c.redirect("/reports"));
  app.route("/", reportRoutes(store, cache, shelf, runtime));
  app.route("/", predictChurnRoutes(cache));
  app.route("/", recommendRoutes(cache));
  app.route("/", inventoryRoutes(cache));
  app.route("/", jobRoutes({ store, runtime, board, operators }));
  app.route("/", jobFormRoutes({ runtime, board, actions, operators }));
  app.route("/", jobsApiRoutes({ store, runtime, board, actions, operators }));
  app.route("/", metricsRoutes(store, runtime, connections));
  app.route("/", healthRoutes(cache, runtime));
  addDocs(app, {
    cache,
    board,
    keyRequired: apiKey !== undefined,
    operatorKeyRequired: operatorKey !== undefined,
  });
  return app;
}

function refuseLargeBody(): never {
  throw new HttpProblem(413, "body_too_large", "The body is too large", {
    expected: `at most ${LARGEST_BODY} bytes`,
    remedy: "Send less in one request.",
  });
}
