import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, isOpen, type Job, parseRunName, type Run, shortTime } from "shopflow/jobs/mod.ts";
import { latestRuns, readDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import type { JobsContext } from "./context.ts";
import { utcText } from "./text.ts";

/** More letters to change than this make another word. */
const FARTHEST = 4;

/** @throws {InputError} when there is no such job, with the names that are like it. */
export function findJob(jobs: readonly Job[], name: string): Job {
  const found = jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  const near = nearestNames(jobs.map((job) => job.name), name);
  throw new InputError("No such job", {
    expected: `one of ${jobs.map((job) => job.name).join(", ")}`,
    found: JSON.stringify(name),
    remedy: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "`deno task jobs list` describes them.",
  });
}

/**
 * What a person names for a command about a job: the job, or a run of it by the name that lists print.
 *
 * @throws {InputError} when there is no such job.
 */
export function findTarget(jobs: readonly Job[], name: string): { job: Job; scheduledFor?: Date } {
  const { job, scheduledFor } = name.includes("@") ? parseRunName(name) : { job: name };
  return {
    job: findJob(jobs, job),
    ...(scheduledFor === undefined ? {} : { scheduledFor: new Date(scheduledFor) }),
  };
}

/** Names that are like a misspelled one, the most similar first: by letters, or since they begin alike. */
function nearestNames(names: string[], wrong: string): string[] {
  return names.map((name) => ({ name, distance: distanceBetween(name, wrong.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= FARTHEST || isPartOf(wrong.toLowerCase(), name))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3).map(({ name }) => name);
}

/** `train` for train-models, `scores` for score-customers. */
const isPartOf = (wrong: string, name: string) =>
  wrong.length >= 3 && name.split("-").some((word) => word.startsWith(wrong) || wrong.startsWith(word));

/** Levenshtein's distance: letters to insert, delete or change. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}

/** A job whose runs the ledger may have. */
export interface KnownJob {
  job: Job;
  /** When it was removed. */
  removedAt?: string;
  /** It is none of `jobs.ts` here, and why the ledger still has it. */
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

/** A job whose runs are asked about, a removed one too. @throws {InputError} when there was none of the name. */
export async function findKnownJob(
  context: Pick<JobsContext, "jobs" | "store">,
  name: string,
): Promise<KnownJob> {
  const known = await knownJobs(context);
  const { name: found } = findJob(known.map(({ job }) => job), name);
  return known.find(({ job }) => job.name === found)!;
}

/** Runs of a job that are looked through for its last run. */
const LOOK_BACK = 100;

/**
 * The run that a person means: `JOB@TIME`, or a job's name for its last run.
 *
 * @param prefer For a job's name: the run that goes on before all others (`open`), or the last that was started, so
 *   that one which was only skipped is not taken (`started`).
 * @throws {InputError} when there is none.
 */
export async function findRun(
  context: JobsContext,
  name: string,
  prefer: "open" | "started" = "started",
): Promise<Run> {
  const parsed = parseRunName(name);
  const { ledger, runtime } = context;
  const seen = async (run: Run) => (await seenRuns(ledger, runtime.now(), [run]))[0] ?? run;
  const { job } = await findKnownJob(context, parsed.job);
  if (parsed.scheduledFor !== undefined) {
    const found = await ledger.run({ job: job.name, scheduledFor: parsed.scheduledFor });
    if (found !== undefined) return await seen(found);
    throw new InputError(
      `The ledger has no ${formatRunName({ job: job.name, scheduledFor: parsed.scheduledFor })}`,
      {
        expected: "a run that was due or was triggered",
        remedy: `\`deno task jobs runs ${job.name}\` lists them.`,
      },
    );
  }
  const latest = await latestRuns(ledger, [job.name], { limit: LOOK_BACK });
  const running = latest.find(({ status }) => status === "running");
  const wanted = prefer === "open"
    ? running ?? latest.find(isOpen)
    : running ?? latest.find(({ attempts }) => attempts.length > 0);
  const found = wanted ?? latest[0];
  if (found !== undefined) return await seen(found);
  const { plannedUntil } = await ledger.jobState(job.name).read();
  throw new InputError(`${job.name} has no run yet`, {
    found: plannedUntil === undefined
      ? "no scheduler has run on this lake"
      : `a scheduler, but no run that was due until ${shortTime(plannedUntil)}`,
    remedy: `\`deno task jobs trigger ${job.name}\` triggers one.`,
  });
}
