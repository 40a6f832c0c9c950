import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { guardPresence, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { type Business, FRESHNESS_LIMITS, type FreshnessLimits } from "shopflow/kpis/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createJobActions } from "./state/job_actions.ts";
import { createJobsReader, type JobsReaderOptions } from "./state/jobs_reader.ts";
import type { ConnectionReport } from "./connections/connection_report.ts";
import {
  accessLog,
  answerError,
  answerMethodNotAllowed,
  answerNotFound,
  securityHeaders,
} from "./access/answers.ts";
import { requireApiKey, requireReader } from "./access/api_key.ts";
import { ownHostOnly, utf8BodyOnly, wellFormedPathOnly } from "./access/origin.ts";
import { lakeNotice, schedulerNotice } from "./pages/lake_notice.tsx";
import { freshnessLine } from "./pages/freshness.tsx";
import { HttpProblem } from "./problems.ts";
import { addDocs } from "./api/docs.ts";
import { healthRoutes, metricsRoutes } from "./api/health.ts";
import { customerRoutes } from "./pages/customers/routes.ts";
import { experimentRoutes } from "./pages/experiments/routes.ts";
import { jobFormRoutes, jobRoutes } from "./pages/job_routes.ts";
import { offersApiRoutes } from "./api/offers.ts";
import { createOffersReader } from "./pages/offers/reader.ts";
import { offerPages } from "./pages/offers/routes.ts";
import { modelRoutes } from "./pages/models/routes.tsx";
import { jobsApiRoutes } from "./api/jobs.ts";
import { scoringRoutes } from "./api/scoring.ts";
import { reportRoutes } from "./pages/report_routes.ts";
import { boundedStore } from "./state/bounded_store.ts";
import { createReportShelf } from "./state/report_shelf.ts";
import { createServingCache, type ServingCacheOptions } from "./state/serving_cache.ts";

export interface ServerDependencies extends ServingCacheOptions, JobsReaderOptions {
  store: ObjectStore;
  runtime: Runtime;
  /** Ages of the newest order at which pages call the data late and stale; default 24 and 48 hours. */
  freshness?: Partial<FreshnessLimits>;
  /** When set, scoring, reports and jobs need it. */
  apiKey?: string | undefined;
  /** When set, starting, cancelling and pausing runs needs it. */
  operatorKey?: string | undefined;
  /** How long a look at the lake may take, in milliseconds; default 10,000. */
  lakeTimeoutMs?: number;
  /** Only programs on this machine reach the server: then nothing needs a key unless one is set. Default: false. */
  loopbackOnly?: boolean;
  /** Names of the server besides addresses and this machine's; without an API key, no other passes. Default: none. */
  names?: string[];
  /** Reads what the business says of itself; default: nothing. */
  business?: () => Promise<Business>;
  /** Connections that `/metrics` tells of. */
  connections?: Pick<ConnectionReport, "metrics">;
}

/** Paths that need no key: they show nothing of the shop. Every other one needs a key where there is one. */
export const PUBLIC_PATHS = ["/", "/health", "/openapi.json", "/assets/:file"];
/** Largest request body in bytes: a hundred customers, or the features of one, fit many times. */
const LARGEST_BODY = 64 * 1024;

/**
 * The report site, the pages of the jobs and the API over one lake, without listening:
 * `(await createApp(dependencies).request("/health")).status`.
 */
export function createApp({ store: lake, runtime, ...options }: ServerDependencies): OpenAPIHono {
  const { apiKey, operatorKey, loopbackOnly = false, names = [], connections, lakeTimeoutMs = 10_000 } =
    options;
  const { models = MODELS } = options;
  const limits = { ...FRESHNESS_LIMITS, ...options.freshness };
  const endpoints = models.flatMap(({ serving }) => serving.endpoints);
  // Answers for applications, which have the API key. All other paths are for whoever may read reports.
  const scoringPaths = endpoints.map(({ path }) => path.replaceAll(/{(\w+)}/g, ":$1"));
  const operators = {
    ...(apiKey !== undefined && { apiKey }),
    ...(operatorKey !== undefined && { operatorKey }),
    loopbackOnly,
  };
  const guarded = guardPresence(lake);
  const store = boundedStore(guarded, lakeTimeoutMs, () => cache.lake().unreachableSince);
  const shelf = createReportShelf(store, runtime);
  const cache = createServingCache(boundedStore(guarded, lakeTimeoutMs), runtime, options, shelf.refresh);
  const board = createJobsReader(store, runtime, options);
  const actions = createJobActions(store, runtime, board);
  const offers = createOffersReader(store, options.business ?? (() => Promise.resolve({})));
  const app = new OpenAPIHono();
  app.onError(answerError(runtime));
  app.notFound(answerNotFound);
  app.use(requestId(), accessLog(runtime), securityHeaders());
  // A key protects what is read under whatever name; a proxy in front may use any.
  app.use(ownHostOnly(apiKey === undefined ? names : undefined), wellFormedPathOnly());
  for (const path of scoringPaths) app.use(path, requireApiKey(apiKey));
  app.use(except([...PUBLIC_PATHS, ...scoringPaths], requireReader(operators)));
  // Only pages: answers to scoring requests are small, and packing them would cost more than it saves.
  app.use(except(["/", "/health", ...scoringPaths], compress(), etag()));
  // Replaces an answer, so it comes before that is packed.
  app.use(methodNotAllowed({ app, onMethodNotAllowed: answerMethodNotAllowed }));
  for (const path of [...scoringPaths, "/jobs/*", "/api/jobs/*", "/audiences"]) {
    app.use(path, bodyLimit({ maxSize: LARGEST_BODY, onError: refuseLargeBody }), utf8BodyOnly());
  }
  app.use(lakeNotice(cache, runtime), freshnessLine(cache, runtime, limits));
  app.use("/reports/*", schedulerNotice(board, runtime));

  app.get("/", (c) => c.redirect("/reports"));
  app.route("/", reportRoutes({ store, cache, models, shelf, runtime, limits }));
  for (const model of models) app.route("/", scoringRoutes(model, cache));
  app.route("/", customerRoutes({ store, runtime, operators }));
  app.route("/", modelRoutes({ store, models, runtime }));
  app.route("/", offerPages(offers));
  app.route("/", offersApiRoutes({ reader: offers, runtime }));
  app.route("/", jobRoutes({ store, runtime, board, operators }));
  app.route("/", jobFormRoutes({ runtime, board, actions, operators }));
  app.route("/", jobsApiRoutes({ store, runtime, board, actions, operators }));
  app.route("/", experimentRoutes({ store, runtime }));
  app.route("/", metricsRoutes(store, runtime, connections));
  app.route("/", healthRoutes({ cache, models, board, runtime, limits }));
  addDocs(app, {
    models,
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
