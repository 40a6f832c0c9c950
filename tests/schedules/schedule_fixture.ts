import { join } from "node:path";
import type { Job, Run } from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import type { ProgramCall } from "shopflow/jobs/execution/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime, type Runtime } from "shopflow/runtime/mod.ts";
import type { startSchedule } from "../../schedules/run_scheduler.ts";

export const ROOT = join(import.meta.dirname!, "..", "..");
/** Not due while a test runs. */
export const YEARLY = { cron: "0 0 1 1 *" };

/** A program of Deno in the place of a step; its arguments are the step's name and, after the first attempt, the word again. */
export function evaluated(code: string) {
  return (step: Job["steps"][number], { run }: { run: Run }): ProgramCall => ({
    program: Deno.execPath(),
    args: [
      "eval",
      code,
      "pipeline" in step ? step.pipeline : "",
      ...(run.attempts.length > 0 ? ["again"] : []),
    ],
    cwd: ROOT,
    env: { SHOPFLOW_RUN: `${run.job}@${run.scheduledFor}` },
  });
}

/** Waits until a run has ended. */
export async function ended(ledger: Ledger, { job, scheduledFor }: Run): Promise<Run> {
  for (;;) {
    const found = await ledger.run({ job, scheduledFor });
    if (found?.endedAt !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A lake in a folder of its own, on a Wednesday at half past seven. */
export interface Lake {
  store: ObjectStore;
  ledger: Ledger;
  config: Parameters<typeof startSchedule>[0]["config"];
  runtime: Runtime;
  /** Milliseconds that the clock runs ahead of the true one, which is half past. */
  clock: { ahead: number };
  log: string[];
}

export async function withLake(body: (lake: Lake) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "schedules_" });
  const log: string[] = [];
  const clock = { ahead: 0 };
  const started = performance.now();
  const runtime = createRuntime({
    now: () => new Date(Date.parse("2024-10-02T07:30:00Z") + clock.ahead + performance.now() - started),
    log: createLogger((line) => log.push(line)),
  });
  const lakeUrl = join(folder, "lake");
  const store = createDirectoryStore(lakeUrl);
  try {
    await body({
      store,
      ledger: openLedger(store, runtime.now),
      config: { home: folder, lakeUrl, cacheBytes: 0, alertChannels: [] },
      runtime,
      clock,
      log,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
