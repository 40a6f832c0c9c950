import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type ChildResult, type ProgramCall, runChild } from "./child_process.ts";
import type { Job } from "./job.ts";
import { closeRun, enterRun, type JobRun, type JobStatus } from "./job_run.ts";
import { takeLease } from "./lease.ts";

export interface JobContext {
  store: ObjectStore;
  runtime: Runtime;
  /** The program that runs pipelines by name, in order. */
  command: (pipelines: string[]) => ProgramCall;
  /** Host and process id, to tell schedulers apart. */
  owner: string;
  /** Ends the run early. */
  signal?: AbortSignal;
  /** Between asking a run to stop and killing it, in milliseconds; default 5000. */
  graceMs?: number;
}

/** Between a run's time limit and the end of its lease: for stopping it and writing down what happened. */
const LEASE_MARGIN_MS = 60_000;
const MINUTE_MS = 60_000;

/**
 * Runs a job's pipelines in a process of their own and enters the outcome in the ledger, whatever it is.
 * Undefined when another scheduler on this lake has this due time. A job never runs twice at the same time:
 * while its former run goes on, the new one is entered as skipped.
 */
export async function runJob(job: Job, context: JobContext): Promise<JobRun | undefined> {
  const { store, runtime: { now, log }, owner } = context;
  const startedAt = now();
  const run: JobRun = {
    job: job.name,
    dueAt: new Date(Math.floor(startedAt.getTime() / MINUTE_MS) * MINUTE_MS).toISOString(),
    pipelines: job.pipelines,
    status: "running",
    reason: "its process has not ended",
    owner,
    startedAt: startedAt.toISOString(),
  };
  if (!await enterRun(store, run)) return undefined;

  const finish = async (outcome: Pick<JobRun, "status" | "reason" | "exitCode" | "output">) => {
    const finished: JobRun = {
      ...run,
      ...outcome,
      finishedAt: now().toISOString(),
      durationMs: now().getTime() - startedAt.getTime(),
    };
    await closeRun(store, finished);
    const line = `${job.name}: ${finished.status} (${finished.reason})`;
    if (finished.status === "succeeded") log.info(line);
    else log.warn(line);
    return finished;
  };

  const timeoutMs = job.timeoutMinutes * MINUTE_MS;
  const taken = await takeLease(store, `jobs/${job.name}`, {
    owner,
    ttlMs: timeoutMs + LEASE_MARGIN_MS,
    now,
  });
  if ("heldBy" in taken) {
    const reason = `its former run goes on in ${taken.heldBy}, until ${taken.until} at most`;
    return await finish({ status: "skipped", reason });
  }
  try {
    log.info(`${job.name}: starts ${job.pipelines.join(", ")}`);
    const { signal, graceMs } = context;
    const onLine = (line: string) => log.info(`${job.name} | ${line}`);
    const ended = await runChild(context.command(job.pipelines), {
      timeoutMs,
      signal,
      graceMs,
      onLine,
    });
    return await finish({ ...outcomeOf(ended, job), exitCode: ended.exitCode, output: ended.output });
  } catch (error) {
    // The program could not be started at all; the ledger must say so before anyone hears of it.
    return await finish({ status: "failed", reason: `it could not be started: ${(error as Error).message}` });
  } finally {
    await taken.lease.release();
  }
}

function outcomeOf(
  { ended, exitCode, killedBy }: ChildResult,
  job: Job,
): { status: JobStatus; reason: string } {
  if (ended === "timed out") {
    return { status: "timed out", reason: `ended after its limit of ${job.timeoutMinutes} minutes` };
  }
  if (ended === "cancelled") return { status: "cancelled", reason: "the scheduler was stopped" };
  if (killedBy !== null) return { status: "failed", reason: `killed by ${killedBy}` };
  if (exitCode !== 0) return { status: "failed", reason: `exit code ${exitCode}` };
  return { status: "succeeded", reason: "exit code 0" };
}
