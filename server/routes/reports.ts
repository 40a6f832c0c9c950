import { type Context, Hono } from "hono";
import { InputError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { listReports, readReport } from "shopflow/notebook/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../problem.ts";
import { exampleIds } from "../serving/example_ids.ts";
import { servedVersions } from "../serving/served_versions.ts";
import type { ServingCache } from "../serving/serving_cache.ts";
import { addReportBar } from "../views/report_bar.tsx";
import { renderReportsIndex } from "../views/reports_index.tsx";

/** The index of reports, their pages, and the pages of older runs. */
export function reportRoutes(store: ObjectStore, cache: ServingCache, runtime: Runtime): Hono {
  /** @throws {HttpProblem} 404 when there is no such report or run. */
  async function reportPage(c: Context, name: string, runId?: string) {
    const found = await readReport(store, name, runId).catch((error) => {
      // Not even a possible name: to a visitor that is the same as a report that does not exist.
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (found === undefined) {
      throw new HttpProblem(404, "report_not_found", "There is no such report", {
        found: runId === undefined ? name : `${name}, run ${runId}`,
        remedy: "The reports that exist are at /reports.",
      });
    }
    // A run never changes; the report of a name does, so browsers ask again (and get 304 when it did not).
    c.header("cache-control", runId === undefined ? "no-cache" : "private, max-age=31536000, immutable");
    return c.html(addReportBar(found.html, found.report, runId === undefined));
  }

  return new Hono()
    .get("/reports", async (c) => {
      const unreadable: string[] = [];
      const onUnreadable = (name: string, { message }: Error) => {
        unreadable.push(name);
        runtime.log.warn(`report ${name}: ${message}`);
      };
      const [reports, serving] = await Promise.all([listReports(store, { onUnreadable }), cache.current()]);
      c.header("cache-control", "no-cache");
      return c.html(renderReportsIndex({
        reports,
        unreadable: unreadable.sort(),
        versions: servedVersions(serving, runtime.now()),
        origin: new URL(c.req.url).origin,
        example: exampleIds(serving),
      }));
    })
    .get("/reports/:name", (c) => reportPage(c, c.req.param("name")))
    .get("/reports/:name/runs/:run", (c) => reportPage(c, c.req.param("name"), c.req.param("run")));
}
