import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { shortTime } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type JobActions, noSuchJob, runInPath } from "../state/job_actions.ts";
import type { JobsReader } from "../state/jobs_reader.ts";
import { type OperatorRules, requireOperator } from "../access/operator.ts";
import { sameSiteOnly } from "../access/origin.ts";
import { explainInvalid, HttpProblem, problemResponses } from "../problems.ts";
import { existingRun, logAnswer } from "../pages/job_routes.ts";
import {
  EXAMPLE_RUN,
  jobAnswer,
  JobSchema,
  runAnswer,
  RunSchema,
  schedulerAnswer,
  SchedulerSchema,
  Time,
} from "./jobs_schemas.ts";

interface JobsApi {
  store: ObjectStore;
  runtime: Runtime;
  board: JobsReader;
  actions: JobActions;
  operators: OperatorRules;
}

const ACTS = "Needs the operator's key in x-operator-key where the server has one.";
/** Runs of one answer. */
const MAX_RUNS = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;

const name = z.string().openapi({ example: EXAMPLE_RUN.job });
const time = z.string().openapi({
  example: shortTime(EXAMPLE_RUN.scheduledFor),
  description: "The time that the run is scheduled for",
});
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T, summary: string, value: object) => ({
  required: false,
  content: { "application/json": { schema, examples: { usual: { summary, value } } } },
});

const LIST = createRoute({
  method: "get",
  path: "/api/jobs",
  summary: "Jobs",
  description: "All jobs with their next due time and last run, and the schedulers that run them.",
  responses: {
    200: {
      description: "Jobs in the order of their definition, then those that were removed",
      content: json(z.object({ schedulers: z.array(SchedulerSchema), jobs: z.array(JobSchema) })),
    },
    ...problemResponses(401),
  },
});

const RUNS = createRoute({
  method: "get",
  path: "/api/jobs/{name}/runs",
  summary: "Runs of a job",
  description:
    `Runs of a time range and how they ended, the oldest first; at most ${MAX_RUNS}. Without a time: the last ` +
    "seven days.",
  request: {
    params: z.object({ name }),
    query: z.strictObject({
      from: Time.optional().openapi({ type: "string", example: "2024-10-01" }),
      to: Time.optional().openapi({ type: "string", example: "2024-10-02T06:00Z" }),
    }, { error: "from and to" }),
  },
  responses: {
    200: { description: "The runs", content: json(z.object({ runs: z.array(RunSchema) })) },
    ...problemResponses(400, 401, 404),
  },
});

const SHOW = createRoute({
  method: "get",
  path: "/api/jobs/{name}/runs/{time}",
  summary: "One run",
  description: "A run with its attempts. Its log as text is at the same address with /log.",
  request: { params: z.object({ name, time }) },
  responses: {
    200: { description: "The run", content: json(RunSchema) },
    ...problemResponses(401, 404),
  },
});

const RunBody = z.strictObject({
  scheduled_for: Time.optional().openapi({
    type: "string",
    description:
      "The time of a run that failed, was skipped or missed, or never ran; omit it to run the job now",
  }),
}, { error: "an object with scheduled_for, or nothing" });

const RUN = createRoute({
  method: "post",
  path: "/api/jobs/{name}/runs",
  summary: "Run a job",
  description: `Queues a run, which a scheduler starts as soon as possible. ${ACTS}`,
  request: { params: z.object({ name }), body: body(RunBody, "Run now", {}) },
  responses: {
    202: { description: "The run is queued", content: json(RunSchema) },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const Dependencies = z.enum(["wait", "run", "ignore"], "wait, run or ignore").openapi({
  description:
    "Dependencies: wait until they have succeeded for the same interval (wait), queue those that have " +
    "not succeeded too (run), or ignore them (ignore)",
});

const BackfillBody = z.strictObject({
  from: Time.openapi({ type: "string" }),
  to: Time.openapi({ type: "string" }),
  dependencies: Dependencies.default("wait"),
}, { error: "an object with from and to" });

const BACKFILL = createRoute({
  method: "post",
  path: "/api/jobs/{name}/backfill",
  summary: "Backfill a job",
  description: `Queues all runs in a time range that have not succeeded. ${ACTS}`,
  request: {
    params: z.object({ name }),
    body: {
      ...body(BackfillBody, "A night", { from: "2024-10-01T18:00Z", to: "2024-10-02T04:00Z" }),
      required: true,
    },
  },
  responses: {
    202: {
      description: "The runs are queued",
      content: json(z.object({
        queued: z.array(z.string()).openapi({ description: "Times of the queued runs" }),
        unneeded: z.number().openapi({ description: "Runs that succeeded already, or are open" }),
        upstream: z.array(z.object({ job: z.string(), scheduled_for: z.string() })).openapi({
          description: "Dependencies of these runs that have not succeeded; with `run` they are queued too",
        }),
      })),
    },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const CANCEL = createRoute({
  method: "post",
  path: "/api/jobs/{name}/runs/{time}/cancel",
  summary: "Cancel a run",
  description: `Cancels a run: it is stopped, or not started. ${ACTS}`,
  request: { params: z.object({ name, time }) },
  responses: {
    202: { description: "Cancellation is requested", content: json(RunSchema) },
    ...problemResponses(401, 403, 404, 409),
  },
});

const PauseBody = z.strictObject(
  { reason: z.string("a text").max(300, "at most 300 characters").optional() },
  {
    error: "an object with reason, or nothing",
  },
);
const Paused = z.object({ job: z.string(), paused: z.boolean() });

const PAUSE = createRoute({
  method: "post",
  path: "/api/jobs/{name}/pause",
  summary: "Pause a job",
  description: `Runs that become due while a job is paused are skipped. ${ACTS}`,
  request: {
    params: z.object({ name }),
    body: body(PauseBody, "With the reason", { reason: "the database is being moved" }),
  },
  responses: {
    200: { description: "The job is paused", content: json(Paused) },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const RESUME = createRoute({
  method: "post",
  path: "/api/jobs/{name}/resume",
  summary: "Resume a job",
  description: `Resumes a paused job. ${ACTS}`,
  request: { params: z.object({ name }) },
  responses: {
    200: { description: "The job is resumed", content: json(Paused) },
    ...problemResponses(401, 403, 404, 409),
  },
});

/** Jobs and runs for programs. */
export function jobsApiRoutes({ store, runtime, board, actions, operators }: JobsApi): OpenAPIHono {
  const api = new OpenAPIHono({ defaultHook: explainInvalid });
  api.use("/api/jobs/*", sameSiteOnly({ silent: "pass" }));

  async function requireJob(name: string): Promise<void> {
    if (await board.find(name) === undefined) throw noSuchJob(name);
  }

  return api
    .openapi(LIST, async (c) => {
      const { schedulers, jobs, removed } = await board.overview();
      const now = runtime.now();
      return c.json({
        schedulers: schedulers.map(schedulerAnswer),
        jobs: [...jobs, ...removed].map((state) => jobAnswer(state, now)),
      }, 200);
    })
    .openapi(RUNS, async (c) => {
      const { name } = c.req.valid("param");
      await requireJob(name);
      const query = c.req.valid("query");
      const to = query.to ?? runtime.now();
      const from = query.from ?? new Date(to.getTime() - 7 * DAY_MS);
      const ledger = openLedger(store, runtime.now);
      const runs = await ledger.runs(name, from, to);
      if (runs.length > MAX_RUNS) {
        throw new HttpProblem(400, "invalid_request", "Too many runs in this time range", {
          expected: `at most ${MAX_RUNS} runs between from and to`,
          found: String(runs.length),
          remedy: "Request a shorter range.",
        });
      }
      const seen = await seenRuns(ledger, runtime.now(), runs);
      return c.json({ runs: seen.map(runAnswer) }, 200);
    })
    .openapi(SHOW, async (c) => {
      const { name, time } = c.req.valid("param");
      await requireJob(name);
      return c.json(runAnswer(await existingRun(store, runtime, runInPath(name, time))), 200);
    })
    .openapi(RUN, async (c) => {
      const by = await requireOperator(c, operators);
      const { scheduled_for } = c.req.valid("json") ?? {};
      return c.json(runAnswer(await actions.run(c.req.valid("param").name, by, scheduled_for)), 202);
    })
    .openapi(BACKFILL, async (c) => {
      const by = await requireOperator(c, operators);
      const answer = await actions.backfill(c.req.valid("param").name, by, c.req.valid("json"));
      return c.json({
        queued: answer.queued.map(({ scheduledFor }) => scheduledFor),
        unneeded: answer.unneeded,
        upstream: answer.upstream.map(({ job, scheduledFor }) => ({ job, scheduled_for: scheduledFor })),
      }, 202);
    })
    .openapi(CANCEL, async (c) => {
      const by = await requireOperator(c, operators);
      const { name, time } = c.req.valid("param");
      return c.json(runAnswer(await actions.cancel(runInPath(name, time), by)), 202);
    })
    .openapi(PAUSE, async (c) => {
      const by = await requireOperator(c, operators);
      const { name } = c.req.valid("param");
      await actions.pause(name, by, c.req.valid("json")?.reason);
      return c.json({ job: name, paused: true }, 200);
    })
    .openapi(RESUME, async (c) => {
      await requireOperator(c, operators);
      const { name } = c.req.valid("param");
      await actions.resume(name);
      return c.json({ job: name, paused: false }, 200);
    })
    .get("/api/jobs/:name/runs/:time/log", async (c) => {
      const run = runInPath(c.req.param("name"), c.req.param("time"));
      await requireJob(run.job);
      const found = await existingRun(store, runtime, run);
      const attempt = Number(c.req.query("attempt"));
      return logAnswer(c, store, found, Number.isInteger(attempt) && attempt > 0 ? attempt : undefined);
    }) as OpenAPIHono;
}
