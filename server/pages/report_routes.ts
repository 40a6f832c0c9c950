import { type Context, Hono } from "hono";
import { InputError } from "shopflow/errors/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  compareRunOutputs,
  publishedRun,
  readReportNotebook,
  readReportTable,
  type Report,
  reportHistory,
  servedPagePolicy,
  sharedChartScript,
  tableToCsv,
  withSharedScript,
} from "shopflow/notebook/report/mod.ts";
import { type FreshnessLimits, freshnessOf } from "shopflow/kpis/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../problems.ts";
import { exampleIds, servedVersions } from "../state/served_versions.ts";
import type { KeptSince } from "./lake_notice.tsx";
import type { ReportShelf } from "../state/report_shelf.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { LIVE_POLICY } from "./live_script.ts";
import { renderComparison } from "./reports/compare.tsx";
import { pageNumber } from "./reports/frame.tsx";
import { historyTable, renderHistory, RUNS_PER_PAGE } from "./reports/history.tsx";
import { renderTablePage } from "./reports/table.tsx";
import { addReportBar } from "./reports/bar.tsx";
import { renderReportsIndex } from "./reports/index.tsx";

interface ReportRouteOptions {
  store: ObjectStore;
  cache: ServingCache;
  models: readonly ModelDefinition[];
  shelf: ReportShelf;
  runtime: Runtime;
  limits: FreshnessLimits;
}

/** The index of reports, their pages, and the pages of older runs. */
export function reportRoutes(
  { store, cache, models, shelf, runtime, limits }: ReportRouteOptions,
): Hono<KeptSince> {
  /** @throws {HttpProblem} 404 when there is no such report or run. */
  async function reportPage(c: Context<KeptSince>, name: string, runId?: string) {
    const { value: { html, report }, readAt } = await existing(shelf.page(name, runId), name, runId);
    c.set("keptSince", readAt);
    // What is known now has no place on the page of a run, which browsers keep.
    const now = runtime.now();
    const snapshot = runId === undefined ? servedVersions(await cache.current(), models, now).snapshot : null;
    const freshness = report.ordersUntil === undefined
      ? undefined
      : freshnessOf(report.ordersUntil, now, limits);
    c.header("cache-control", runId === undefined ? CHANGES : NEVER_CHANGES);
    c.header("content-security-policy", servedPagePolicy(report.scripts ?? []));
    return c.html(
      addReportBar(await withSharedScript(html), report, {
        current: runId === undefined,
        snapshot,
        freshness,
        now,
      }),
    );
  }

  /** @throws {HttpProblem} 404 when there is no such run. */
  async function reportNotebook(c: Context, name: string, runId: string) {
    const notebook = await existing(readReportNotebook(store, name, runId), name, runId);
    c.header("cache-control", NEVER_CHANGES);
    c.header("content-type", "application/x-ipynb+json");
    c.header("content-disposition", `attachment; filename="${name}_${runId}.ipynb"`);
    return c.body(notebook);
  }

  async function reportRuns(c: Context, name: string) {
    const asked = pageNumber(c.req.query("page"));
    const runsOf = (page: number) =>
      existing(reportHistory(store, name, { skip: (page - 1) * RUNS_PER_PAGE, limit: RUNS_PER_PAGE }), name);
    const found = await runsOf(asked);
    // Links to a page may outlive its runs; the last one is shown then.
    const page = Math.min(asked, Math.max(1, Math.ceil(found.total / RUNS_PER_PAGE)));
    const history = page === asked ? found : await runsOf(page);
    // Where the pointer is damaged, the runs are there nevertheless.
    const current = (await shelf.index()).value.reports.find((report) => report.name === name);
    c.header("cache-control", CHANGES);
    c.header("content-security-policy", LIVE_POLICY);
    return c.html(renderHistory({ name, history, page, current }));
  }

  async function reportRunsCsv(c: Context, name: string) {
    const { runs } = await existing(reportHistory(store, name, { limit: Infinity }), name);
    c.header("cache-control", CHANGES);
    return csv(c, tableToCsv(historyTable(runs)), `${name}_runs.csv`);
  }

  /** @throws {HttpProblem} 400 when not two runs are named, 404 when there is no such run. */
  async function comparison(c: Context, name: string) {
    const { a, b } = c.req.query();
    if (a === undefined || b === undefined) {
      throw new HttpProblem(400, "runs_missing", "Two runs are needed to compare", {
        expected: "?a=RUN&b=RUN with the ids of two runs",
        found: a === undefined && b === undefined ? "none" : "one",
        remedy: `Choose them at /reports/${encodeURIComponent(name)}/runs.`,
      });
    }
    const runs = await Promise.all([a, b].map((id) => existing(publishedRun(store, name, id), name, id)));
    const [earlier, later] = runs.toSorted((x, y) => x.createdAt < y.createdAt ? -1 : 1) as [Report, Report];
    c.header("cache-control", CHANGES);
    return c.html(renderComparison({
      earlier,
      later,
      outputs: await compareRunOutputs(store, name, [earlier.runId, later.runId]),
    }));
  }

  /** A table with all of its rows: as a page, or as a file where the address ends in `.csv`. */
  async function reportTable(c: Context, name: string, runId: string, file: string) {
    const id = file.replace(/\.csv$/, "");
    const [report, table] = await Promise.all([
      existing(publishedRun(store, name, runId), name, runId),
      existing(readReportTable(store, name, runId, id), name, `${runId}, table ${id}`),
    ]);
    if (file !== id) {
      c.header("cache-control", NEVER_CHANGES);
      return csv(c, tableToCsv(table), `${name}_${runId}_${id}.csv`);
    }
    const { q = "", sort, order } = c.req.query();
    const column = sort !== undefined && /^\d+$/.test(sort) ? Number(sort) : undefined;
    c.header("cache-control", CHANGES);
    c.header("content-security-policy", LIVE_POLICY);
    return c.html(renderTablePage({
      report,
      id,
      table,
      view: {
        search: q.trim().slice(0, 200),
        sort: column !== undefined && column < table.columns.length ? column : undefined,
        descending: order === "desc",
        page: pageNumber(c.req.query("page")),
      },
    }));
  }

  return new Hono<KeptSince>()
    .get("/reports", async (c) => {
      const [{ value: { reports, unreadable }, readAt }, serving] = await Promise.all([
        shelf.index(),
        cache.current(),
      ]);
      const now = runtime.now();
      c.set("keptSince", readAt);
      c.header("cache-control", "no-cache");
      c.header("content-security-policy", LIVE_POLICY);
      return c.html(renderReportsIndex({
        reports,
        unreadable,
        versions: servedVersions(serving, models, now),
        now,
        limits,
        origin: new URL(c.req.url).origin,
        example: exampleIds(serving, models),
        models,
      }));
    })
    .get("/reports/:name", (c) => reportPage(c, c.req.param("name")))
    .get("/reports/:name/runs/:run", (c) => reportPage(c, c.req.param("name"), c.req.param("run")))
    .get("/assets/:file", async (c) => {
      const { source, path } = await sharedChartScript();
      if (c.req.path !== path) {
        throw new HttpProblem(404, "not_found", "There is no such file", { found: c.req.path });
      }
      c.header("cache-control", "public, max-age=31536000, immutable");
      c.header("content-type", "text/javascript; charset=utf-8");
      // Reports are origins of their own; the script is the same for everybody.
      c.header("access-control-allow-origin", "*");
      return c.body(source);
    })
    .get("/reports/:name/runs", (c) => reportRuns(c, c.req.param("name")))
    .get("/reports/:name/runs.csv", (c) => reportRunsCsv(c, c.req.param("name")))
    .get("/reports/:name/compare", (c) => comparison(c, c.req.param("name")))
    .get(
      "/reports/:name/runs/:run/tables/:table",
      (c) => reportTable(c, c.req.param("name"), c.req.param("run"), c.req.param("table")),
    )
    .get(
      "/reports/:name/runs/:run/notebook.ipynb",
      (c) => reportNotebook(c, c.req.param("name"), c.req.param("run")),
    );
}

function csv(c: Context, text: string, fileName: string) {
  c.header("content-type", "text/csv; charset=utf-8");
  c.header("content-disposition", `attachment; filename="${fileName}"`);
  return c.body(text);
}

/** A run never changes; the report of a name does, so browsers ask again (and get 304 when it did not). */
const NEVER_CHANGES = "private, max-age=31536000, immutable", CHANGES = "no-cache";

/** @throws {HttpProblem} 404 when nothing was found. */
async function existing<T>(reading: Promise<T | undefined>, name: string, runId?: string): Promise<T> {
  const found = await reading.catch((error) => {
    // Not even a possible name: to a visitor that is the same as a report that does not exist.
    if (error instanceof InputError) return undefined;
    throw error;
  });
  if (found !== undefined) return found;
  throw new HttpProblem(404, "report_not_found", "There is no such report", {
    found: runId === undefined ? name : `${name}, run ${runId}`,
    remedy: "The reports that exist are at /reports.",
  });
}
