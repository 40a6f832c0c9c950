import { formatTime } from "shopflow/runtime/mod.ts";
import type { DueTime } from "../scheduler/due.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  endedText,
  formatRunName,
  hasSucceeded,
  isOpen,
  type Request,
  type Run,
  type RunName,
  shortTime,
  type Trigger,
} from "../run.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { nextDue, previousDue } from "../cron.ts";
import { unmetDependencies } from "../ledger/dependencies.ts";

/** How a run is requested. */
interface TriggerOptions {
  request: Request;
  /** Jobs whose runs of the same interval must have succeeded before it starts; default: it waits for none. */
  waitFor?: string[];
  /** What it depends on and does not wait for. */
  unmet?: string[];
}

/** The ledger's entry for a run that a person asks for. */
export function manualRun(
  job: Job,
  { scheduledFor, dataInterval }: Pick<DueTime, "scheduledFor" | "dataInterval">,
  trigger: Trigger,
  options: TriggerOptions,
): Run {
  const { request, unmet = [] } = options;
  return {
    job: job.name,
    scheduledFor: scheduledFor.toISOString(),
    trigger,
    dataInterval: { start: dataInterval.start.toISOString(), end: dataInterval.end.toISOString() },
    ...stateOf(options, `requested by ${request.by}`),
    plannedAt: request.at,
    stepsDone: [],
    attempts: [],
    requestedBy: request,
    ...(unmet.length > 0 ? { unmet } : {}),
  };
}

/**
 * A run that ended without success is to be run again; its steps that are done stay done.
 *
 * @returns the run as requested, or as it is when it succeeded or is open; undefined when there is none.
 */
export async function reopen(
  ledger: Ledger,
  name: RunName,
  options: TriggerOptions,
): Promise<Run | undefined> {
  const { request, unmet = [] } = options;
  const before = await ledger.run(name);
  if (before === undefined || isOpen(before) || hasSucceeded(before)) return before;
  return await ledger.reopen(
    name,
    ({ endedAt: _, cancelledBy: __, notBefore: ___, blockedBy: ____, unmet: _____, ...run }) =>
      isOpen(run) || hasSucceeded(run) ? undefined : {
        ...run,
        ...stateOf(
          options,
          `requested again by ${request.by}; previous status: ${run.status} (${run.reason})`,
        ),
        requestedBy: request,
        ...(unmet.length > 0 ? { unmet } : {}),
      },
  );
}

const stateOf = ({ waitFor = [] }: TriggerOptions, asked: string): Pick<Run, "status" | "reason"> =>
  waitFor.length > 0
    ? { status: "waiting", reason: `${asked}; waits for ${waitFor.join(", ")}` }
    : { status: "queued", reason: asked };

/** What people ask of the schedulers. All of it is written into the ledger, where every scheduler finds it. */

/**
 * Asks for a run.
 *
 * It does not wait for the jobs it depends on: who asks for a run wants it now. What of them has not succeeded is
 * written down with it.
 *
 * @param at The run; by default a new one, of now. A run that failed, was skipped or missed is run again, from the
 *   step that failed on.
 * @returns the run as requested; a scheduler may have started it already.
 * @param jobs All jobs, among which those are that it depends on.
 * @throws {InputError} for a run that succeeded, is open, lies in the future, or is none of the job's.
 */
export async function triggerRun(
  ledger: Ledger,
  job: Job,
  request: Request,
  at?: Date,
  jobs: readonly Job[] = [],
): Promise<Run> {
  const scheduledFor = at ?? await freeTime(ledger, job.name, request.at);
  const name: RunName = { job: job.name, scheduledFor: scheduledFor.toISOString() };
  const before = at === undefined ? undefined : await ledger.run(name);
  if (before !== undefined) {
    refuseRepeat(before);
    const unmet = await unmetDependencies(job, before, ledger, jobs);
    const asked = await reopen(ledger, name, { request, unmet });
    await ledger.notify();
    return present(name, asked);
  }
  if (at !== undefined) rejectUnknownTime(job, at, request);
  const due = { scheduledFor, dataInterval: { start: previous(job, scheduledFor), end: scheduledFor } };
  const trigger = at === undefined ? "manual" : "backfill";
  const entry = manualRun(job, due, trigger, { request });
  const unmet = await unmetDependencies(job, entry, ledger, jobs);
  const asked = manualRun(job, due, trigger, { request, unmet });
  await ledger.enqueue(job.name, [asked]);
  await ledger.notify();
  return asked;
}

/**
 * Asks to end a run, or not to start it.
 *
 * @throws {InputError} when there is no such run, or it has ended.
 */
export async function cancelRun(ledger: Ledger, name: RunName, request: Request): Promise<Run> {
  const before = await ledger.run(name);
  if (before === undefined || !isOpen(before)) {
    throw new InputError(`${formatRunName(name)} cannot be cancelled`, {
      expected: "a run that has not ended",
      found: before === undefined ? "no such run" : `one that ${endedText(before.status)} (${before.reason})`,
    });
  }
  const runs = before.status === "running";
  const after = await ledger.change(
    name,
    (run) =>
      !isOpen(run) ? undefined : runs ? { ...run, cancelledBy: request } : {
        ...run,
        status: "cancelled",
        reason: `cancelled by ${request.by} before ${
          run.attempts.length === 0 ? "it started" : "its next attempt"
        }`,
        cancelledBy: request,
        endedAt: request.at,
      },
  );
  await ledger.notify();
  return present(name, after);
}

/** The run after a change of it, which the retention of runs may have removed meanwhile. */
function present(name: RunName, run: Run | undefined): Run {
  if (run !== undefined) return run;
  throw new InputError(`${formatRunName(name)} does not exist any more`, {
    remedy: "List the runs there are: deno task jobs runs.",
  });
}

/** Whether a run starts although its job is paused: who triggers a new one by hand wants just that one. */
export const runsWhilePaused = ({ trigger }: Pick<Run, "trigger">): boolean => trigger === "manual";

/** Holds a job back: what is due is entered as skipped, what is queued waits. @throws {InputError} when it is paused. */
export async function pauseJob(
  ledger: Ledger,
  job: string,
  request: Request,
  reason?: string,
): Promise<void> {
  await ledger.jobState(job).update((value) => {
    if (value.paused !== undefined) {
      throw new InputError(`Job ${job} is already paused`, {
        found: `paused by ${value.paused.by} at ${formatTime(value.paused.at)}`,
      });
    }
    return { value: { ...value, paused: { ...request, ...(reason ? { reason } : {}) } }, result: undefined };
  });
  await ledger.notify();
}

/** Takes a pause back. @throws {InputError} when the job is not paused. */
export async function resumeJob(ledger: Ledger, job: string): Promise<void> {
  await ledger.jobState(job).update(({ paused, ...value }) => {
    if (paused === undefined) throw new InputError(`Job ${job} is not paused`);
    return { value, result: undefined };
  });
  await ledger.notify();
}

function refuseRepeat(run: Run): void {
  if (!isOpen(run) && !hasSucceeded(run)) return;
  throw new InputError(`${formatRunName(run)} cannot be run again`, {
    expected: "a run that failed, was cancelled, skipped, superseded or missed",
    found: run.endedAt === undefined
      ? `one that is ${run.status}`
      : `one that ${endedText(run.status)} at ${formatTime(run.endedAt)}`,
    remedy: isOpen(run) ? "Wait for it, or cancel it." : "To run the job now, omit --scheduled-for.",
  });
}

function rejectUnknownTime({ name, schedule }: Job, at: Date, { at: now }: Request): void {
  const time = shortTime(at.toISOString());
  if (at.getTime() > Date.parse(now)) {
    throw new InputError(`Run ${time} of ${name} lies in the future`, {
      expected: `a time up to ${shortTime(now)}`,
    });
  }
  if ("on" in schedule) {
    throw new InputError(`Job ${name} has no run at ${time}`, {
      expected: "a run that `deno task jobs runs` lists: the job runs when a snapshot is published",
      remedy: "To run the job now, omit --scheduled-for.",
    });
  }
  const after = nextDue(schedule, new Date(at.getTime() - 1));
  if (after?.getTime() === at.getTime()) return;
  const near = [previousDue(schedule, at), after].filter((time) => time !== undefined)
    .map((time) => shortTime(time.toISOString()));
  throw new InputError(`Job ${name} has no run at ${time}`, {
    expected: `a time of ${schedule.cron} (${schedule.timeZone}), the nearest ones are ${near.join(" and ")}`,
  });
}

/** The present second, or a later moment when there is a run of that time already. */
async function freeTime(ledger: Ledger, job: string, now: string): Promise<Date> {
  let time = Math.floor(Date.parse(now) / 1000) * 1000;
  while (await ledger.run({ job, scheduledFor: new Date(time).toISOString() }) !== undefined) time++;
  return new Date(time);
}

const previous = ({ schedule }: Job, scheduledFor: Date): Date =>
  ("on" in schedule ? undefined : previousDue(schedule, scheduledFor)) ?? scheduledFor;
