import { byTime, endOf, type JobState, type Ledger, withRunning } from "./ledger.ts";
import { pageIn } from "./keys.ts";
import { endedText, formatRunName, hasSucceeded, isFinal, type Run } from "../run.ts";
import { nextDue } from "../cron.ts";
import { findJob, type Job } from "../job.ts";

interface LatestOptions {
  /** How many at most. */
  limit: number;
  /** Not the ones before this time, nor those after `until`. */
  since?: Date | undefined;
  until?: Date;
  /** Only these; default: all. */
  where?: (run: Run) => boolean;
}

/** Pages that are read at the same time. */
const AT_ONCE = 8;

/** The latest runs of jobs, the newest first. Pages are read from the newest on until there are enough. */
export async function latestRuns(
  ledger: Ledger,
  jobs: string[],
  { limit, since, until, where = () => true }: LatestOptions,
): Promise<Run[]> {
  const listed = await Promise.all(
    jobs.map(async (job) =>
      (await ledger.pages(job, since, until)).map(({ key }) => ({
        job,
        id: pageIn(key),
        end: endOf(pageIn(key)),
      }))
    ),
  );
  const pages = listed.flat().sort((a, b) => b.end - a.end);
  const states = new Map<string, JobState>();
  const [first, last] = [since?.toISOString() ?? "", until?.toISOString() ?? "9999"];
  let found: Run[] = [];
  /** How many are surely newer than all that is on later pages. */
  const certain = (end: number) => found.filter(({ scheduledFor }) => Date.parse(scheduledFor) >= end).length;
  for (let i = 0, size = limit === 1 ? 1 : AT_ONCE; i < pages.length; i += size, size = AT_ONCE) {
    const batch = pages.slice(i, i + size);
    if (certain(batch[0]?.end ?? 0) >= limit) break;
    const read = await Promise.all(batch.map(async ({ job, id }) => {
      const { runs } = await ledger.page(job, id).read();
      if (!states.has(job)) states.set(job, await ledger.jobState(job).read());
      return Object.values(runs).map((run) => withRunning(run, states.get(job)));
    }));
    found = [...found, ...read.flat()].filter((run) =>
      run.scheduledFor >= first && run.scheduledFor <= last && where(run)
    );
  }
  return found.sort((a, b) => byTime(b, a) || (a.job < b.job ? -1 : 1)).slice(0, limit);
}

/** Whether a run may start as far as the jobs it depends on are concerned. */
type Readiness =
  | { state: "ready" }
  /** `missing` says the same of the other job. */
  | { state: "waiting"; reason: string; missing: string }
  | { state: "impossible"; reason: string; blockedBy: string };

/** How far back a run of a dependency may lie, in days. */
const LOOK_BACK_DAYS = 35;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Looks at the jobs that a run depends on. Of each the latest run at or before this one counts: it must have
 * succeeded. Runs that were skipped or superseded are ignored, so the one before is looked at, as long as it
 * belongs to the data interval of this run. One that was missed counts as the later one that stands for it. Runs
 * that people started without a run don't count.
 */
export async function readiness(
  { dependsOn }: Pick<Job, "dependsOn">,
  run: Run,
  ledger: Ledger,
  jobs: readonly Job[],
): Promise<Readiness> {
  for (const name of dependsOn) {
    const dependency = findJob(jobs, name);
    const until = new Date(run.scheduledFor);
    const { plannedUntil } = await ledger.jobState(name).read();
    if (plannedUntil === undefined || isMissing(dependency, new Date(plannedUntil), until)) {
      return waiting(name, "whose runs up to then are not planned yet");
    }
    const newest = await latest(name, until, ledger, () => true);
    let counting = newest && await latest(name, until, ledger, standsForItself);
    if (counting?.status === "missed" && dependency.catchup.runs === "latest") {
      const entered = new Date(run.plannedAt);
      if (isMissing(dependency, new Date(plannedUntil), entered)) {
        return waiting(name, "whose runs up to now are not planned yet");
      }
      counting = await standIn(name, until, entered, ledger) ?? counting;
    }
    if (
      counting === undefined ||
      (counting.scheduledFor <= run.dataInterval.start && counting.scheduledFor !== newest?.scheduledFor)
    ) {
      return {
        state: "impossible",
        blockedBy: name,
        reason: `${name} has no finished run in the same interval`,
      };
    }
    if (!isFinal(counting.status)) {
      const run = formatRunName(counting);
      return { state: "waiting", reason: `waits for ${run}`, missing: `${run} is ${counting.status}` };
    }
    if (!hasSucceeded(counting)) {
      return {
        state: "impossible",
        blockedBy: name,
        reason: `${formatRunName(counting)} ${endedText(counting.status)}`,
      };
    }
  }
  return { state: "ready" };
}

const waiting = (name: string, why: string): Readiness => ({
  state: "waiting",
  reason: `waits for ${name}, ${why}`,
  missing: `${name}, ${why}`,
});

/** What of the jobs that a run depends on has not succeeded, a sentence for each. */
export async function unmetDependencies(
  { dependsOn }: Pick<Job, "dependsOn">,
  run: Run,
  ledger: Ledger,
  jobs: readonly Job[],
): Promise<string[]> {
  const known = dependsOn.filter((name) => jobs.some((job) => job.name === name));
  const found = await Promise.all(known.map((name) => readiness({ dependsOn: [name] }, run, ledger, jobs)));
  return found.flatMap((ready) =>
    ready.state === "ready" ? [] : [ready.state === "impossible" ? ready.reason : ready.missing]
  );
}

/** The latest run of a job up to a time, of those that count for others. */
async function latest(
  job: string,
  until: Date,
  ledger: Ledger,
  counts: (run: Run) => boolean,
): Promise<Run | undefined> {
  const [found] = await latestRuns(ledger, [job], {
    limit: 1,
    since: new Date(until.getTime() - LOOK_BACK_DAYS * DAY_MS),
    until,
    where: (run) => run.trigger !== "manual" && counts(run),
  });
  return found;
}

/** A run that was cancelled before it started is like one that was skipped. */
const standsForItself = ({ status, attempts }: Run) =>
  status !== "skipped" && status !== "superseded" && (status !== "cancelled" || attempts.length > 0);

/** Of a job that catches up with its last run only: the run that was run in the place of missed ones. */
async function standIn(job: string, after: Date, until: Date, ledger: Ledger): Promise<Run | undefined> {
  const later = await ledger.runs(job, new Date(after.getTime() + 1), until);
  return later.find(({ status, trigger }) =>
    trigger !== "manual" && status !== "missed" && status !== "cancelled" && status !== "skipped" &&
    status !== "superseded"
  );
}

/** Whether a job has a run that is not entered yet though it is due by `until`. */
function isMissing({ schedule }: Job, plannedUntil: Date, until: Date): boolean {
  if ("on" in schedule) return false;
  const next = nextDue(schedule, plannedUntil);
  return next !== undefined && next <= until;
}
