import { type Context, Hono } from "hono";
import { type JobActions, slotInPath } from "../jobs/job_actions.ts";
import type { JobBoard } from "../jobs/job_board.ts";
import { noSuchJob } from "../jobs/job_actions.ts";
import { addDays, startOfDay, zoneOf } from "../jobs/local_time.ts";
import { type OperatorRules, requireOperator } from "../jobs/operator_access.ts";
import { sameSiteOnly } from "../middleware/same_site.ts";
import { HttpProblem } from "../problem.ts";
import type { NoticeName } from "../views/jobs/notice.tsx";
import { jobPath, runPath } from "../views/jobs/slot_cell.tsx";
import type { BackfillDependencies } from "shopflow/jobs/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

interface JobForms {
  runtime: Pick<Runtime, "now">;
  board: JobBoard;
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
      return back(c, runPath(await actions.run(c.req.param("name"), by)), "run");
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
      const zone = zoneOf(found.job);
      const from = startOfDay(await day(c, "from"), zone)!;
      const after = startOfDay(addDays(await day(c, "to"), 1), zone)!;
      const to = new Date(Math.min(after.getTime() - 1, runtime.now().getTime()));
      const dependencies = dependenciesIn(await field(c, "dependencies"));
      const { asked, unneeded } = await actions.backfill(name, by, { from, to, dependencies });
      return back(c, jobPath(name), "backfill", asked.length, unneeded);
    })
    .post("/jobs/:name/runs/:slot/cancel", async (c) => {
      const by = await actor(c);
      const slot = await actions.cancel(slotInPath(c.req.param("name"), c.req.param("slot")), by);
      return back(c, runPath(slot), slot.endedAt === undefined ? "cancel" : "withdrawn");
    })
    .post("/jobs/:name/runs/:slot/again", async (c) => {
      const by = await actor(c);
      const { job, slot } = slotInPath(c.req.param("name"), c.req.param("slot"));
      return back(c, runPath(await actions.run(job, by, new Date(slot))), "again");
    });
}

/** @throws {HttpProblem} 400 when it is none of the choices; a form without the field waits. */
function dependenciesIn(text: string): BackfillDependencies {
  if (text === "run" || text === "ignore") return text;
  if (text === "wait" || text === "") return "wait";
  throw new HttpProblem(400, "invalid_request", "“dependencies” is not one of the choices", {
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
  if (startOfDay(found, "UTC") !== undefined) return found;
  throw new HttpProblem(400, "invalid_request", `“${name}” is not a day`, {
    expected: "a day such as 2024-10-02",
    found: found || "nothing",
    remedy: "Go back and choose one.",
  });
}
