import { type Job, readDefinitions } from "shopflow/jobs/mod.ts";
import { findJob } from "./find_job.ts";
import type { JobsContext } from "./jobs_context.ts";
import { utcText } from "./time_text.ts";

/** A job whose slots the ledger may have. */
export interface KnownJob {
  job: Job;
  /** When it was removed. */
  removedAt?: string;
  /** It is none of `jobs.ts` here, and why the ledger has it all the same. */
  note?: string;
}

/** The jobs of `jobs.ts`, then those that schedulers of the lake know or knew. */
export async function knownJobs({ jobs, store }: Pick<JobsContext, "jobs" | "store">): Promise<KnownJob[]> {
  const found = await readDefinitions(store);
  const isOther = ({ job }: KnownJob) => !jobs.some(({ name }) => name === job.name);
  const others = (found?.jobs ?? []).map((job): KnownJob => ({
    job,
    note: "the job is not in schedules/jobs.ts here; the lake's schedulers know it",
  }));
  const removed = (found?.removed ?? []).map(({ job, removedAt }): KnownJob => ({
    job,
    removedAt,
    note: `the job was removed at ${utcText(removedAt)} UTC`,
  }));
  return [...jobs.map((job): KnownJob => ({ job })), ...[...others, ...removed].filter(isOther)];
}

/** A job whose slots are asked about, a removed one too. @throws {InputError} when there was none of the name. */
export async function findKnownJob(
  context: Pick<JobsContext, "jobs" | "store">,
  name: string,
): Promise<KnownJob> {
  const known = await knownJobs(context);
  const { name: found } = findJob(known.map(({ job }) => job), name);
  return known.find(({ job }) => job.name === found)!;
}
