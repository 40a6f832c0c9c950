import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { type Job, type JobContext, type JobRun, runJob } from "shopflow/jobs/mod.ts";
import { type LakeConfig, openStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** Runs jobs when they are due. */
export interface Scheduler {
  /** Runs a job now; undefined when another scheduler on this lake has this due time. Never rejects. */
  runDue(name: string): Promise<JobRun | undefined>;
  /** Ends the runs under way and waits until the ledger says so. */
  stop(): Promise<void>;
}

/** Those of the task `pipeline` in deno.json. */
const PERMISSIONS = ["read", "write", "env", "net", "sys", "ffi", "run"];

/**
 * What `deno task pipeline run` does, but as one process: a task's process in between would survive the signals
 * that end a run, and the pipeline with it.
 */
export const pipelineCommand: JobContext["command"] = (pipelines) => ({
  program: Deno.execPath(),
  args: ["run", ...PERMISSIONS.map((name) => `--allow-${name}`), "pipelines/main.ts", "run", ...pipelines],
  cwd: fileURLToPath(new URL("..", import.meta.url)),
});

export function createScheduler(
  jobs: readonly Job[],
  config: LakeConfig,
  runtime: Runtime,
  command: JobContext["command"] = pipelineCommand,
): Scheduler {
  const stopping = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const store = openStore(config);
  const owner = `${hostname()}:${Deno.pid}`;

  async function run(name: string): Promise<JobRun | undefined> {
    const job = jobs.find((job) => job.name === name);
    if (job === undefined) throw new Error(`main.ts starts ${name}, which is not in jobs.ts`);
    if (stopping.signal.aborted) return undefined;
    return await runJob(job, { store, runtime, command, owner, signal: stopping.signal });
  }

  return {
    async runDue(name) {
      const running = run(name).catch((error) => {
        // The lake could not be written, so there is no ledger to say it; the scheduler itself must go on.
        runtime.log.warn(`${name}: no run could be entered in the ledger: ${(error as Error).message}`);
        return undefined;
      });
      underWay.add(running);
      try {
        return await running;
      } finally {
        underWay.delete(running);
      }
    },
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}
