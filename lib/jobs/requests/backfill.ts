import { previousDue } from "../cron.ts";
import { type DueTime, dueTimes } from "../scheduler/due.ts";
import { findJob, type Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { hasSucceeded, isFinal, type Request, type Run, type RunName, shortTime } from "../run.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { manualRun, reopen } from "./trigger.ts";

/** Runs of a job that others depend on and that neither succeeded nor are open. */
interface UpstreamRuns {
  job: Job;
  /** The oldest first. */
  wanted: DueTime[];
  /** Those that the ledger has, by their time. */
  before: Map<string, Run>;
}

/**
 * Finds what has to be run before runs of a job may: of each job in `after` the latest run at or before each, unless
 * it succeeded or is open, and before these what they depend on in turn.
 *
 * @returns jobs in an order in which their runs can be run.
 */
async function upstreamRuns(
  ledger: Ledger,
  job: Job,
  runs: Pick<DueTime, "scheduledFor">[],
  jobs: readonly Job[],
): Promise<UpstreamRuns[]> {
  const found = new Map<string, UpstreamRuns>();

  async function visit({ dependsOn }: Job, runs: Pick<DueTime, "scheduledFor">[]): Promise<void> {
    for (const name of dependsOn) {
      const dependency = findJob(jobs, name);
      const missing = await missingRuns(ledger, dependency, runs);
      if (missing.wanted.length === 0) continue;
      await visit(dependency, missing.wanted);
      const known = found.get(name);
      // A job that several depend on comes before the first of them, with the runs of all.
      if (known === undefined) found.set(name, missing);
      else found.set(name, joined(known, missing));
    }
  }
  await visit(job, runs);
  return [...found.values()];
}

async function missingRuns(
  ledger: Ledger,
  job: Job,
  runs: Pick<DueTime, "scheduledFor">[],
): Promise<UpstreamRuns> {
  const { schedule } = job;
  if ("on" in schedule) return { job, wanted: [], before: new Map() };
  const times = runs.map(({ scheduledFor }) => previousDue(schedule, new Date(scheduledFor.getTime() + 1000)))
    .filter((time) => time !== undefined).map((time) => time.getTime());
  const ordered = [...new Set(times)].sort((a, b) => a - b);
  const [first] = ordered, last = ordered.at(-1);
  if (first === undefined || last === undefined) return { job, wanted: [], before: new Map() };
  const known = await ledger.runs(job.name, new Date(first), new Date(last));
  const before = new Map(known.map((run) => [run.scheduledFor, run]));
  const wanted = ordered.flatMap((time) => {
    const run = before.get(new Date(time).toISOString());
    const isMissing = run === undefined || (isFinal(run.status) && !hasSucceeded(run));
    return isMissing ? dueTimes(job, new Date(time - 1), new Date(time)) : [];
  });
  return { job, wanted, before };
}

function joined(a: UpstreamRuns, b: UpstreamRuns): UpstreamRuns {
  const times = new Map([...a.wanted, ...b.wanted].map((time) => [time.scheduledFor.getTime(), time]));
  return {
    job: a.job,
    wanted: [...times.values()].sort((a, b) => a.scheduledFor.getTime() - b.scheduledFor.getTime()),
    before: new Map([...a.before, ...b.before]),
  };
}

/**
 * What a backfill makes of the jobs that its job depends on: its runs wait until theirs of the same interval have
 * succeeded (`wait`); those that did not succeed are queued, too (`run`); or they are ignored (`ignore`).
 */
export type BackfillDependencies = "wait" | "run" | "ignore";

/** A time to backfill, both ends included. */
export interface BackfillRange {
  from: Date;
  to: Date;
  /** Default: `wait`. */
  dependencies?: BackfillDependencies;
}

/** Runs that a backfill is about. */
export interface Backfill {
  /** The runs to queue, oldest first. */
  queued: RunName[];
  /** How many runs need no run: they succeeded, or are open. */
  unneeded: number;
  /**
   * Runs of other jobs that these depend on and that neither succeeded nor are open, in the order they have to be
   * run: queued, too, or in the way.
   */
  upstream: RunName[];
}

/**
 * What a backfill would ask for, without asking.
 *
 * @throws {InputError} like {@linkcode requestBackfill}.
 */
export async function plannedBackfill(
  ledger: Ledger,
  job: Job,
  request: Request,
  range: BackfillRange,
  jobs: readonly Job[],
): Promise<Backfill> {
  const { wanted, unneeded, upstream } = await runsToFill(ledger, job, request, range, jobs);
  return {
    queued: wanted.map((time) => nameOf(job, time)),
    unneeded,
    upstream: upstream.flatMap(({ job, wanted }) => wanted.map((time) => nameOf(job, time))),
  };
}

/**
 * Asks for all runs of a job in a time, with their own times and intervals. Those that succeeded or are open stay as
 * they are.
 *
 * @param jobs All jobs, among which those are that it depends on.
 * @throws {InputError} for a job without a cron expression, and a range that is empty or ends in the future.
 */
export async function requestBackfill(
  ledger: Ledger,
  job: Job,
  request: Request,
  range: BackfillRange,
  jobs: readonly Job[],
): Promise<Backfill> {
  const { dependencies = "wait" } = range;
  const { wanted, unneeded, before, upstream } = await runsToFill(ledger, job, request, range, jobs);
  const enqueue = async (job: Job, times: DueTime[], before: Map<string, Run>) => {
    const options = { request, waitFor: dependencies === "ignore" ? [] : job.dependsOn };
    await ledger.enqueue(job.name, times.map((time) => manualRun(job, time, "backfill", options)));
    const names = times.map((time) => nameOf(job, time));
    for (const name of names.filter(({ scheduledFor }) => before.has(scheduledFor))) {
      await reopen(ledger, name, options);
    }
    return names;
  };
  const names: RunName[] = [];
  for (const { job, wanted, before } of upstream) {
    // What is waited for has to be there before what waits.
    if (dependencies === "run") await enqueue(job, wanted, before);
    names.push(...wanted.map((time) => nameOf(job, time)));
  }
  const queued = await enqueue(job, wanted, before);
  if (queued.length > 0) await ledger.notify();
  return { queued, unneeded, upstream: names };
}

const nameOf = (job: Job, { scheduledFor }: DueTime): RunName => ({
  job: job.name,
  scheduledFor: scheduledFor.toISOString(),
});

async function runsToFill(
  ledger: Ledger,
  job: Job,
  request: Request,
  { from, to, dependencies }: BackfillRange,
  jobs: readonly Job[],
) {
  if ("on" in job.schedule) {
    throw new InputError(`Job ${job.name} has no runs to backfill`, {
      expected: "a job with a cron expression",
      found: "one that runs when a snapshot is published",
      remedy: `Run it once: deno task jobs trigger ${job.name}.`,
    });
  }
  if (!(from < to) || to.getTime() > Date.parse(request.at)) {
    throw new InputError("Invalid backfill range", {
      expected: "a start before its end, and an end that is not in the future",
      found: `${shortTime(from.toISOString())} to ${shortTime(to.toISOString())}`,
    });
  }
  const due = dueTimes(job, new Date(from.getTime() - 1), to);
  const before = new Map((await ledger.runs(job.name, from, to)).map((run) => [run.scheduledFor, run]));
  const wanted = due.filter(({ scheduledFor }) => {
    const found = before.get(scheduledFor.toISOString());
    return found === undefined || (isFinal(found.status) && !hasSucceeded(found));
  });
  const upstream = dependencies === "ignore" ? [] : await upstreamRuns(ledger, job, wanted, jobs);
  return { wanted, unneeded: due.length - wanted.length, before, upstream };
}
