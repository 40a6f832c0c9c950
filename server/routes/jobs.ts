import { type Context, Hono } from "hono";
import { type Job, openLedger, type RunName, type Slot } from "shopflow/jobs/mod.ts";
import { readRunLog } from "shopflow/jobs/process/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { noSuchJob, noSuchRun, slotInPath } from "../jobs/job_actions.ts";
import type { JobBoard } from "../jobs/job_board.ts";
import { startOfDay } from "../jobs/local_time.ts";
import { operatorAccess, type OperatorRules } from "../jobs/operator_access.ts";
import { createLogTails } from "../jobs/run_log.ts";
import { type DurationsChart, durationsChart } from "../views/jobs/durations_chart.ts";
import { renderJobPage } from "../views/jobs/job_page.tsx";
import { renderJobsIndex } from "../views/jobs/jobs_index.tsx";
import { LIVE_POLICY } from "../views/jobs/live_script.ts";
import { renderRunPage } from "../views/jobs/run_page.tsx";

interface JobPages {
  store: ObjectStore;
  runtime: Runtime;
  board: JobBoard;
  operators: OperatorRules;
}

/** The pages of the operator: all jobs, one job, one run. */
export function jobRoutes({ store, runtime, board, operators }: JobPages): Hono {
  const chartOf = keptCharts(runtime);
  const tails = createLogTails(store, runtime);

  /** @throws {HttpProblem} 404 when there is no such job or slot. */
  async function runOf(c: Context): Promise<{ job: Job; removedAt?: string; slot: Slot }> {
    const name = c.req.param("name")!;
    const found = await board.find(name);
    if (found === undefined) throw noSuchJob(name);
    const run = slotInPath(name, c.req.param("slot")!);
    return { ...found, slot: await existingSlot(store, runtime, run) };
  }

  function page(c: Context, html: string) {
    c.header("content-security-policy", LIVE_POLICY);
    c.header("cache-control", "no-cache");
    return c.html(html);
  }

  return new Hono()
    .get("/jobs", async (c) => {
      const { owner, status } = c.req.query();
      const [board_, now] = [await board.overview(), runtime.now()];
      return page(c, renderJobsIndex({ board: board_, filter: { owner, status }, now }));
    })
    .get("/jobs/:name", async (c) => {
      const name = c.req.param("name");
      const found = await board.history(name);
      if (found === undefined) throw noSuchJob(name);
      const now = runtime.now();
      const { day, did } = c.req.query();
      return page(
        c,
        renderJobPage({
          state: found,
          schedulers: found.schedulers,
          chart: await chartOf(found.job, found.slots),
          access: await operatorAccess(c, operators),
          day: day !== undefined && startOfDay(day, "UTC") ? day : undefined,
          did,
          now,
        }),
      );
    })
    .get("/jobs/:name/runs/:slot", async (c) => {
      const { job, removedAt, slot } = await runOf(c);
      const [log, access] = await Promise.all([tails.of(slot), operatorAccess(c, operators)]);
      const { did } = c.req.query();
      return page(c, renderRunPage({ job, removedAt, slot, log, access, did, now: runtime.now() }));
    })
    .get("/jobs/:name/runs/:slot/log", async (c) => {
      const { slot } = await runOf(c);
      const attempt = Number(c.req.query("attempt"));
      return logAnswer(c, store, slot, Number.isInteger(attempt) && attempt > 0 ? attempt : undefined);
    });
}

/** @throws {HttpProblem} 404 when there is no such slot. */
export async function existingSlot(
  store: ObjectStore,
  { now }: Pick<Runtime, "now">,
  run: RunName,
): Promise<Slot> {
  const slot = await openLedger(store, now).slot(run);
  if (slot === undefined) throw noSuchRun(run);
  return slot;
}

/** A whole log as text, line by line as it is read. */
export function logAnswer(c: Context, store: ObjectStore, run: RunName, attempt?: number): Response {
  const lines = readRunLog(store, run, attempt);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${value}\n`));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
  c.header("cache-control", "no-cache");
  c.header("content-type", "text/plain; charset=UTF-8");
  return c.body(body);
}

/** Charts are drawn anew when a run of their job ended. */
function keptCharts({ now }: Pick<Runtime, "now">) {
  const kept = new Map<string, { of: string; chart: Promise<DurationsChart | undefined> }>();
  return (job: Job, slots: Slot[]): Promise<DurationsChart | undefined> => {
    const of = slots.map(({ endedAt = "" }) => endedAt).sort().at(-1) ?? "";
    const known = kept.get(job.name);
    if (known?.of === of) return known.chart;
    const chart = durationsChart(job, slots, now());
    kept.set(job.name, { of, chart });
    chart.catch(() => kept.delete(job.name));
    return chart;
  };
}
