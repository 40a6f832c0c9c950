import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import type { Freshness, FreshnessLimits } from "shopflow/kpis/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { servedFreshness, servedVersions, statusOf } from "../state/served_versions.ts";
import { Hono } from "hono";
import { createJobMetrics } from "shopflow/jobs/mod.ts";
import { openLedger, readDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { absentSince } from "shopflow/jobs/scheduler/mod.ts";
import type { JobsReader } from "../state/jobs_reader.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { LakeError } from "shopflow/errors/mod.ts";
import type { ConnectionReport } from "../connections/connection_report.ts";

const Kind = z.enum(["model", "baseline"]).openapi({
  description: "baseline: the simplest method answers, because no model was good enough or could score",
});
const Model = z.object({
  kind: Kind,
  version: z.string(),
  as_of: z.string(),
  trained_at: z.string(),
  metrics: z.record(z.string(), z.number()),
});
const Scores = z.object({
  rows: z.number(),
  as_of: z.string(),
  scored_at: z.string(),
  model_kind: Kind,
  baseline_reason: z.string().optional().openapi({ description: "Why a baseline made the scores" }),
  model_version: z.string(),
  data_snapshot: z.string(),
});
const Health = z.object({
  status: z.enum(["ok", "degraded", "unavailable"]).openapi({
    description:
      "degraded: the newest version of something could not be loaded, the lake cannot be read, or no scheduler " +
      "is running any more; answers come from what was loaded before; unavailable: no snapshot was published yet, or none " +
      "could be loaded",
  }),
  snapshot: z.object({ id: z.string(), created_at: z.string(), age_seconds: z.number() }).nullable(),
  orders: z.object({
    until: z.string(),
    status: z.enum(["fresh", "late", "stale"]),
    hours_old: z.number(),
  }).nullable().openapi({
    description: "Day of the newest order, how old it is since the end of that day, and what that means by " +
      "SHOPFLOW_LATE_AFTER_HOURS and SHOPFLOW_STALE_AFTER_HOURS; null without orders",
  }),
  models: z.record(z.string(), Model),
  scores: z.record(z.string(), Scores),
  failed: z.array(z.string()).openapi({
    description: "What could not be loaded, e.g. scores.churn; the log says why",
  }),
  lake: z.object({
    reachable: z.boolean(),
    read_at: z.string().nullable().openapi({ description: "When the lake was last read" }),
    unreachable_since: z.string().nullable(),
  }).openapi({ description: "While the lake cannot be read, answers come from what was loaded before" }),
  schedulers: z.object({
    alive: z.number(),
    last_heartbeat_at: z.string().nullable().openapi({ description: "When a scheduler was last heard of" }),
    absent_since: z.string().nullable().openapi({
      description: "Since when no scheduler is running, though one did; then status is degraded",
    }),
  }).nullable().openapi({
    description: "The schedulers that start the jobs; null while the lake cannot be read",
  }),
  remedy: z.string().optional(),
});

const content = { "application/json": { schema: Health } };
const route = createRoute({
  method: "get",
  path: "/health",
  summary: "State of the server",
  description:
    "The data snapshot with its age, model versions with their metrics on the test set, score tables. " +
    "Where a baseline " +
    "answers instead of a model, its kind says so; that is not an error, so the status stays ok. Needs no key.",
  responses: {
    200: { description: "The server answers from a snapshot", content },
    503: { description: "There is no snapshot to answer from", content },
  },
});

function ordersOf(freshness: Freshness | undefined) {
  if (freshness === undefined) return null;
  const { until, status, hoursOld } = freshness;
  return { until, status, hours_old: Math.round(10 * hoursOld) / 10 };
}

interface HealthOptions {
  cache: ServingCache;
  models: readonly ModelDefinition[];
  board: Pick<JobsReader, "schedulers">;
  runtime: Pick<Runtime, "now">;
  limits: FreshnessLimits;
}

/** `GET /health`: what is served and how old it is; 503 as long as there is no snapshot to answer from. */
export function healthRoutes({ cache, models, board, runtime, limits }: HealthOptions): OpenAPIHono {
  return new OpenAPIHono().openapi(route, async (c) => {
    const serving = await cache.current();
    const lake = cache.lake();
    const schedulers = lake.unreachableSince === undefined ? await schedulersOf(board, runtime.now()) : null;
    const served = statusOf(serving, lake);
    const status = served === "ok" && schedulers?.absent_since ? "degraded" as const : served;
    const health = {
      status,
      ...servedVersions(serving, models, runtime.now()),
      orders: ordersOf(servedFreshness(serving, runtime.now(), limits)),
      failed: [...serving.failed],
      schedulers,
      lake: {
        reachable: lake.unreachableSince === undefined,
        read_at: lake.readAt?.toISOString() ?? null,
        unreachable_since: lake.unreachableSince?.toISOString() ?? null,
      },
    };
    c.header("cache-control", "no-store");
    if (!health.lake.reachable) {
      const remedy =
        "Check that the disk of SHOPFLOW_LAKE is mounted, or that its bucket can be reached. The log of " +
        "this server names what is wrong; no restart is needed.";
      return c.json({ ...health, remedy }, status === "unavailable" ? 503 : 200);
    }
    if (status !== "unavailable") {
      const remedy = "Start a scheduler: `deno task schedule`.";
      return c.json(schedulers?.absent_since ? { ...health, remedy } : health, 200);
    }
    const remedy = serving.failed.includes("snapshot")
      ? "The snapshot could not be read: the log of this server names the file and what to do."
      : "Check that SHOPFLOW_LAKE names the right lake and that its disk is mounted. In a new lake, run " +
        "`deno task pipeline run all`; no restart is needed.";
    return c.json({ ...health, remedy }, 503);
  });
}

/** @returns null when they cannot be read: whether the server answers does not hang on it. */
async function schedulersOf(board: Pick<JobsReader, "schedulers">, now: Date) {
  try {
    const known = await board.schedulers();
    return {
      alive: known.filter(({ alive }) => alive).length,
      last_heartbeat_at: known.map(({ heartbeatAt }) => heartbeatAt).sort().at(-1) ?? null,
      absent_since: absentSince(known, now)?.toISOString() ?? null,
    };
  } catch (error) {
    if (error instanceof LakeError) return null;
    throw error;
  }
}

/**
 * Metrics of all jobs and of the server's connections, as Prometheus collects them; what is damaged in the ledger is
 * left out and counted.
 */
export function metricsRoutes(
  store: ObjectStore,
  { now, log }: Pick<Runtime, "now" | "log">,
  connections?: Pick<ConnectionReport, "metrics">,
): Hono {
  const metrics = createJobMetrics({ ledger: openLedger(store, now), now, warn: log.warn });
  return new Hono().get("/metrics", async (c) => {
    const text = await metrics.text((await readDefinitions(store))?.jobs ?? []);
    c.header("content-type", metrics.contentType);
    c.header("cache-control", "no-store");
    return c.body(connections === undefined ? text : `${text}\n${await connections.metrics()}`);
  });
}
