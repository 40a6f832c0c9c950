import { Hono } from "hono";
import { openLedger, readDefinitions } from "shopflow/jobs/mod.ts";
import { createJobMetrics } from "shopflow/jobs/metrics/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { ConnectionReport } from "../connections/connection_report.ts";

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
