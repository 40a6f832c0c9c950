import { type Context, Hono } from "hono";
import type { Job, Run, RunName } from "shopflow/jobs/mod.ts";
import type { BackfillDependencies } from "shopflow/jobs/requests/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { readRunLog } from "shopflow/jobs/execution/mod.ts";
import { seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type JobActions, noSuchJob, noSuchRun, runInPath } from "../state/job_actions.ts";
import type { JobsReader } from "../state/jobs_reader.ts";
import { addDays, startOfDay } from "../state/utc_days.ts";
import { operatorAccess, type OperatorRules, requireOperator } from "../access/operator.ts";
import { createLogTails } from "../state/run_log.ts";
import { type DurationsChart, durationsChart } from "./jobs/durations_chart.ts";
import { renderJobPage } from "./jobs/job.tsx";
import { renderJobsIndex } from "./jobs/index.tsx";
import { LIVE_POLICY } from "./live_script.ts";
import { renderRunPage } from "./jobs/run.tsx";
import { sameSiteOnly } from "../access/origin.ts";
import { HttpProblem } from "../problems.ts";
import { jobPath, type NoticeName, runPath } from "./jobs/cell.tsx";

interface JobPages {
  store: ObjectStore;
  runtime: Runtime;
  board: JobsReader;
  operators: OperatorRules;
}

/** The pages of the operator: all jobs, one job, one run. */
export function jobRoutes({ store, runtime, board, operators }: JobPages): Hono {
  const chartOf = keptCharts(runtime);
  const tails = createLogTails(store, runtime);

  /** @throws {HttpProblem} 404 when there is no such job or run. */
  async function runOf(c: Context): Promise<{ job: Job; removedAt?: string; run: Run }> {
    const name = c.req.param("name")!;
    const found = await board.find(name);
    if (found === undefined) throw noSuchJob(name);
    const run = runInPath(name, c.req.param("time")!);
    return { ...found, run: await existingRun(store, runtime, run) };
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
          chart: await chartOf(found.job, found.runs),
          access: await operatorAccess(c, operators),
          day: day !== undefined && startOfDay(day) ? day : undefined,
          did,
          now,
        }),
      );
    })
    .get("/jobs/:name/runs/:time", async (c) => {
      const { job, removedAt, run } = await runOf(c);
      const [log, access, { paused }] = await Promise.all([
        tails.of(run),
        operatorAccess(c, operators),
        openLedger(store, runtime.now).jobState(job.name).read(),
      ]);
      const { did } = c.req.query();
      return page(c, renderRunPage({ job, removedAt, paused, run, log, access, did, now: runtime.now() }));
    })
    .get("/jobs/:name/runs/:time/log", async (c) => {
      const { run } = await runOf(c);
      const attempt = Number(c.req.query("attempt"));
      return logAnswer(c, store, run, Number.isInteger(attempt) && attempt > 0 ? attempt : undefined);
    });
}

/** @throws {HttpProblem} 404 when there is no such run. */
export async function existingRun(
  store: ObjectStore,
  { now }: Pick<Runtime, "now">,
  name: RunName,
): Promise<Run> {
  const ledger = openLedger(store, now);
  const run = await ledger.run(name);
  if (run === undefined) throw noSuchRun(name);
  return (await seenRuns(ledger, now(), [run]))[0] ?? run;
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

/** A chart is drawn again when a run of its job has ended. */
function keptCharts({ now }: Pick<Runtime, "now">) {
  const kept = new Map<string, { of: string; chart: Promise<DurationsChart | undefined> }>();
  return (job: Job, runs: Run[]): Promise<DurationsChart | undefined> => {
    const of = runs.map(({ endedAt = "" }) => endedAt).sort().at(-1) ?? "";
    const known = kept.get(job.name);
    if (known?.of === of) return known.chart;
    const chart = durationsChart(runs, now());
    kept.set(job.name, { of, chart });
    chart.catch(() => kept.delete(job.name));
    return chart;
  };
}

interface JobForms {
  runtime: Pick<Runtime, "now">;
  board: JobsReader;
  actions: JobActions;
  operators: OperatorRules;
}

/** What the buttons of the job pages do; each answer leads back to a page that says what was done. */
export function jobFormRoutes({ runtime, board, actions, operators }: JobForms): Hono {
  const back = (c: Context, path: string, did: NoticeName, ...numbers: number[]) =>
    c.redirect(`${path}?did=${[did, ...numbers].join("-")}`, 303);
  const actor = (c: Context) => requireOperator(c, operators);

  const forms = new Hono();
  forms.use("/jobs/*", sameSiteOnly({ silent: "refuse" }));
  return forms
    .post("/jobs/:name/run", async (c) => {
      const by = await actor(c);
      const run = await actions.run(c.req.param("name"), by);
      return back(c, runPath(run), "run");
    })
    .post("/jobs/:name/pause", async (c) => {
      const [by, name] = [await actor(c), c.req.param("name")];
      await actions.pause(name, by, await field(c, "reason"));
      return back(c, jobPath(name), "pause");
    })
    .post("/jobs/:name/resume", async (c) => {
      const name = c.req.param("name");
      await actor(c);
      await actions.resume(name);
      return back(c, jobPath(name), "resume");
    })
    .post("/jobs/:name/backfill", async (c) => {
      const [by, name] = [await actor(c), c.req.param("name")];
      const found = await board.find(name);
      if (found === undefined) throw noSuchJob(name);
      const from = await day(c, "from");
      const after = addDays(await day(c, "to"), 1);
      const to = new Date(Math.min(Date.parse(after) - 1, runtime.now().getTime()));
      const dependencies = dependenciesIn(await field(c, "dependencies"));
      const { queued, unneeded } = await actions.backfill(name, by, {
        from: new Date(from),
        to,
        dependencies,
      });
      return back(c, jobPath(name), "backfill", queued.length, unneeded);
    })
    .post("/jobs/:name/runs/:time/cancel", async (c) => {
      const by = await actor(c);
      const run = await actions.cancel(runInPath(c.req.param("name"), c.req.param("time")), by);
      return back(c, runPath(run), run.endedAt === undefined ? "cancel" : "cancelled");
    })
    .post("/jobs/:name/runs/:time/again", async (c) => {
      const by = await actor(c);
      const { job, scheduledFor } = runInPath(c.req.param("name"), c.req.param("time"));
      return back(c, runPath(await actions.run(job, by, new Date(scheduledFor))), "again");
    });
}

/** @throws {HttpProblem} 400 when it is none of the choices; a form without the field waits. */
function dependenciesIn(text: string): BackfillDependencies {
  if (text === "run" || text === "ignore") return text;
  if (text === "wait" || text === "") return "wait";
  throw new HttpProblem(400, "invalid_request", "Invalid “dependencies”", {
    expected: "wait, run or ignore",
    found: text,
  });
}

async function field(c: Context, name: string): Promise<string> {
  const value = (await c.req.parseBody())[name];
  return typeof value === "string" ? value : "";
}

/** @throws {HttpProblem} 400 when a field is no day. */
async function day(c: Context, name: string): Promise<string> {
  const found = await field(c, name);
  if (startOfDay(found) !== undefined) return found;
  throw new HttpProblem(400, "invalid_request", `Invalid “${name}”`, {
    expected: "a day such as 2024-10-02",
    found: found || "nothing",
    remedy: "Go back and choose one.",
  });
}
