import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/mod.ts";

export type JobStatus = "running" | "succeeded" | "failed" | "timed out" | "cancelled" | "skipped";

/** One execution of a job: the ledger's entry for one due time. */
export interface JobRun {
  job: string;
  /** The minute the run was due, ISO. */
  dueAt: string;
  pipelines: string[];
  status: JobStatus;
  /** Why it ended so, in a sentence. */
  reason: string;
  /** Host and process id of the scheduler. */
  owner: string;
  startedAt: string;
  /** Absent while it runs, or when its scheduler died. */
  finishedAt?: string;
  durationMs?: number;
  exitCode?: number;
  /** The end of what the pipelines printed. */
  output?: string;
}

const runKey = (job: string, dueAt: string) => `runs/jobs/${job}/${dueAt.replaceAll(":", "-")}.json`;

/** Enters a run that starts; false when the run of this due time is in the ledger already. */
export async function enterRun(store: ObjectStore, run: JobRun): Promise<boolean> {
  return await store.putIfAbsent(runKey(run.job, run.dueAt), encodeJson(run)) !== undefined;
}

/** Writes down how a run that was entered ended. */
export async function closeRun(store: ObjectStore, run: JobRun): Promise<void> {
  await store.put(runKey(run.job, run.dueAt), encodeJson(run));
}

/** Runs of a job, the newest first. */
export async function listJobRuns(store: ObjectStore, job: string, limit = 20): Promise<JobRun[]> {
  const keys = (await store.list(`runs/jobs/${job}/`)).map(({ key }) => key).reverse().slice(0, limit);
  const runs = await Promise.all(keys.map((key) => readJson<JobRun>(store, key)));
  return runs.flatMap((run) => run === undefined ? [] : [run.value]);
}
