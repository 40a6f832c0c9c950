import { type Execution, formatRunName, type Step } from "shopflow/jobs/mod.ts";
import type { ProgramCall } from "shopflow/jobs/process/mod.ts";
import { fileURLToPath } from "node:url";

/** Those of the tasks `pipeline` and `notebook` in deno.json. */
const PERMISSIONS = ["read", "write", "env", "net", "sys", "ffi", "run"];

/**
 * What `deno task pipeline run` or `deno task notebook run` does for a step of a run, but as one process: a task's
 * process in between would survive the signals that end a run, and what it does with it.
 */
export function stepProgram(step: Step, { job, slot }: Pick<Execution, "job" | "slot">): ProgramCall {
  return {
    program: Deno.execPath(),
    args: ["run", ...PERMISSIONS.map((name) => `--allow-${name}`), ...argumentsOf(step, { job, slot })],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: {
      SHOPFLOW_RUN: formatRunName(slot),
      SHOPFLOW_RUN_INTERVAL: `${slot.interval.from}/${slot.interval.to}`,
    },
  };
}

function argumentsOf(step: Step, run: Pick<Execution, "job" | "slot">): string[] {
  if ("pipeline" in step) return ["pipelines/main.ts", "run", step.pipeline];
  const parameters = Object.entries(step.parameters ?? {}).flatMap(([name, value]) => [
    "-p",
    `${name}=${typeof value === "string" ? withDates(value, run) : JSON.stringify(value)}`,
  ]);
  return ["pipelines/notebook.ts", "run", step.notebook, ...parameters];
}

/** Dates of the run in the place of `{slot}`, `{interval_start}` and `{interval_end}`. */
function withDates(
  text: string,
  { job: { schedule }, slot: { slot, interval } }: Pick<Execution, "job" | "slot">,
) {
  const timeZone = "on" in schedule ? "UTC" : schedule.timeZone;
  // Sweden writes dates as ISO does.
  const dateOf = (iso: string) => new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date(iso));
  return text.replaceAll("{slot}", dateOf(slot)).replaceAll("{interval_start}", dateOf(interval.from))
    .replaceAll("{interval_end}", dateOf(interval.to));
}
