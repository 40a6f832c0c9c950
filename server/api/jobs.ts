import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { openLedger, shortTime } from "shopflow/jobs/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type JobActions, noSuchJob, slotInPath } from "../state/job_actions.ts";
import type { JobBoard } from "../state/job_board.ts";
import { type OperatorRules, requireOperator } from "../access/operator.ts";
import { sameSiteOnly } from "../access/origin.ts";
import { explainInvalid, HttpProblem, problemResponses } from "../problems.ts";
import { existingSlot, logAnswer } from "../pages/job_routes.ts";
import {
  EXAMPLE_RUN,
  jobAnswer,
  JobSchema,
  schedulerAnswer,
  SchedulerSchema,
  slotAnswer,
  SlotSchema,
  Time,
} from "./jobs_schemas.ts";

interface JobsApi {
  store: ObjectStore;
  runtime: Runtime;
  board: JobBoard;
  actions: JobActions;
  operators: OperatorRules;
}

const ACTS = "Needs the operator's key in x-operator-key where the server has one.";
/** Slots of one answer. */
const MOST_SLOTS = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;

const name = z.string().openapi({ example: EXAMPLE_RUN.job });
const slot = z.string().openapi({ example: shortTime(EXAMPLE_RUN.slot), description: "Time of the slot" });
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T, summary: string, value: object) => ({
  required: false,
  content: { "application/json": { schema, examples: { usual: { summary, value } } } },
});

const LIST = createRoute({
  method: "get",
  path: "/api/jobs",
  summary: "Jobs",
  description:
    "All jobs with when they are due and what their last slot came to, and the schedulers that run them.",
  responses: {
    200: {
      description: "Jobs in the order of their definition, then those that were removed",
      content: json(z.object({ schedulers: z.array(SchedulerSchema), jobs: z.array(JobSchema) })),
    },
    ...problemResponses(401),
  },
});

const SLOTS = createRoute({
  method: "get",
  path: "/api/jobs/{name}/slots",
  summary: "Slots of a job",
  description:
    `What became of each slot in a time, the oldest first; at most ${MOST_SLOTS}. Without a time: the last ` +
    "seven days.",
  request: {
    params: z.object({ name }),
    query: z.strictObject({
      from: Time.optional().openapi({ type: "string", example: "2024-10-01" }),
      to: Time.optional().openapi({ type: "string", example: "2024-10-02T06:00Z" }),
    }, { error: "from and to" }),
  },
  responses: {
    200: { description: "The slots", content: json(z.object({ slots: z.array(SlotSchema) })) },
    ...problemResponses(400, 401, 404),
  },
});

const SHOW = createRoute({
  method: "get",
  path: "/api/jobs/{name}/runs/{slot}",
  summary: "One run",
  description: "A slot with its tries. Its log as text is at the same address with /log.",
  request: { params: z.object({ name, slot }) },
  responses: {
    200: { description: "The slot", content: json(SlotSchema) },
    ...problemResponses(401, 404),
  },
});

const RunBody = z.strictObject({
  slot: Time.optional().openapi({
    type: "string",
    description: "A slot that failed, was skipped or missed, or never ran; left out for a run of now",
  }),
}, { error: "an object with slot, or nothing" });

const RUN = createRoute({
  method: "post",
  path: "/api/jobs/{name}/runs",
  summary: "Run a job",
  description: `Asks for a run, which a scheduler starts as soon as it may. ${ACTS}`,
  request: { params: z.object({ name }), body: body(RunBody, "A run of now", {}) },
  responses: {
    202: { description: "It is asked for", content: json(SlotSchema) },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const Dependencies = z.enum(["wait", "run", "ignore"], "wait, run or ignore").openapi({
  description:
    "Slots wait until the jobs they depend on have succeeded for the same interval (wait), ask for " +
    "those that did not (run), or do not look (ignore)",
});

const BackfillBody = z.strictObject({
  from: Time.openapi({ type: "string" }),
  to: Time.openapi({ type: "string" }),
  dependencies: Dependencies.default("wait"),
}, { error: "an object with from and to" });

const BACKFILL = createRoute({
  method: "post",
  path: "/api/jobs/{name}/backfill",
  summary: "Run past slots of a job",
  description: `Asks for all slots from one time to another that did not succeed. ${ACTS}`,
  request: {
    params: z.object({ name }),
    body: {
      ...body(BackfillBody, "A night", { from: "2024-10-01T18:00Z", to: "2024-10-02T04:00Z" }),
      required: true,
    },
  },
  responses: {
    202: {
      description: "They are asked for",
      content: json(z.object({
        asked: z.array(z.string()).openapi({ description: "Slots that will be run" }),
        unneeded: z.number().openapi({ description: "Slots that succeeded already, or are open" }),
        upstream: z.array(z.object({ job: z.string(), slot: z.string() })).openapi({
          description: "Slots that these depend on and that did not succeed: with `run` asked for, too",
        }),
      })),
    },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const CANCEL = createRoute({
  method: "post",
  path: "/api/jobs/{name}/runs/{slot}/cancel",
  summary: "Cancel a run",
  description: `Asks to end a run, or not to start it. ${ACTS}`,
  request: { params: z.object({ name, slot }) },
  responses: {
    202: { description: "It is asked to end", content: json(SlotSchema) },
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
  description: `What is due while a job is paused is entered as skipped. ${ACTS}`,
  request: {
    params: z.object({ name }),
    body: body(PauseBody, "With the reason", { reason: "the database is being moved" }),
  },
  responses: {
    200: { description: "It is paused", content: json(Paused) },
    ...problemResponses(400, 401, 403, 404, 409),
  },
});

const RESUME = createRoute({
  method: "post",
  path: "/api/jobs/{name}/resume",
  summary: "Resume a job",
  description: `Takes a pause back. ${ACTS}`,
  request: { params: z.object({ name }) },
  responses: {
    200: { description: "It is resumed", content: json(Paused) },
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
    .openapi(SLOTS, async (c) => {
      const { name } = c.req.valid("param");
      await requireJob(name);
      const query = c.req.valid("query");
      const to = query.to ?? runtime.now();
      const from = query.from ?? new Date(to.getTime() - 7 * DAY_MS);
      const slots = await openLedger(store, runtime.now).slots(name, from, to);
      if (slots.length > MOST_SLOTS) {
        throw new HttpProblem(400, "invalid_request", "The time has too many slots", {
          expected: `at most ${MOST_SLOTS} slots between from and to`,
          found: String(slots.length),
          remedy: "Ask for a shorter time.",
        });
      }
      return c.json({ slots: slots.map(slotAnswer) }, 200);
    })
    .openapi(SHOW, async (c) => {
      const { name, slot } = c.req.valid("param");
      await requireJob(name);
      return c.json(slotAnswer(await existingSlot(store, runtime, slotInPath(name, slot))), 200);
    })
    .openapi(RUN, async (c) => {
      const by = await requireOperator(c, operators);
      const { slot } = c.req.valid("json") ?? {};
      return c.json(slotAnswer(await actions.run(c.req.valid("param").name, by, slot)), 202);
    })
    .openapi(BACKFILL, async (c) => {
      const by = await requireOperator(c, operators);
      const answer = await actions.backfill(c.req.valid("param").name, by, c.req.valid("json"));
      return c.json({ ...answer, asked: answer.asked.map(({ slot }) => slot) }, 202);
    })
    .openapi(CANCEL, async (c) => {
      const by = await requireOperator(c, operators);
      const { name, slot } = c.req.valid("param");
      return c.json(slotAnswer(await actions.cancel(slotInPath(name, slot), by)), 202);
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
    .get("/api/jobs/:name/runs/:slot/log", async (c) => {
      const run = slotInPath(c.req.param("name"), c.req.param("slot"));
      await requireJob(run.job);
      const found = await existingSlot(store, runtime, run);
      const attempt = Number(c.req.query("attempt"));
      return logAnswer(c, store, found, Number.isInteger(attempt) && attempt > 0 ? attempt : undefined);
    }) as OpenAPIHono;
}
