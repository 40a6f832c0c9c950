import type { DueTime } from "../scheduler/due.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  formatRunName,
  hasSucceeded,
  isOpen,
  type Request,
  type RunName,
  shortTime,
  type Slot,
  type Trigger,
} from "../run.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { nextDue, previousDue } from "../cron.ts";
import { unmetDependencies } from "../ledger/dependencies.ts";

/** How a slot is asked for. */
interface Asking {
  request: Request;
  /** Jobs whose slots of the same interval must have succeeded before it starts; default: it waits for none. */
  waitFor?: string[];
  /** What it depends on and does not wait for. */
  unmet?: string[];
}

/** The ledger's entry for a slot that a person asks for. */
export function askedSlot(
  job: Job,
  { slot, interval }: Pick<DueTime, "slot" | "interval">,
  trigger: Trigger,
  asking: Asking,
): Slot {
  const { request, unmet = [] } = asking;
  return {
    job: job.name,
    slot: slot.toISOString(),
    trigger,
    interval: { from: interval.from.toISOString(), to: interval.to.toISOString() },
    ...stateOf(asking, `asked for by ${request.by}`),
    enteredAt: request.at,
    stepsDone: [],
    attempts: [],
    requestedBy: request,
    ...(unmet.length > 0 ? { unmet } : {}),
  };
}

/**
 * A slot that ended without success is to be run again; its steps that are done stay done.
 *
 * @returns the slot as it is asked for, or as it is when it succeeded or is open; undefined when there is none.
 */
export async function reopen(ledger: Ledger, name: RunName, asking: Asking): Promise<Slot | undefined> {
  const { request, unmet = [] } = asking;
  const before = await ledger.slot(name);
  if (before === undefined || isOpen(before) || hasSucceeded(before)) return before;
  // Its page is on the list of open ones before it is open.
  await ledger.enter(name.job, [{ ...before, status: "queued" }]);
  return await ledger.change(
    name,
    ({ endedAt: _, cancelledBy: __, notBefore: ___, blockedBy: ____, unmet: _____, ...slot }) =>
      isOpen(slot) || hasSucceeded(slot) ? undefined : {
        ...slot,
        ...stateOf(
          asking,
          `asked for again by ${request.by}; before, it was: ${slot.status} (${slot.reason})`,
        ),
        requestedBy: request,
        ...(unmet.length > 0 ? { unmet } : {}),
      },
  );
}

const stateOf = ({ waitFor = [] }: Asking, asked: string): Pick<Slot, "status" | "reason"> =>
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
 * @param at The slot; by default a new one, of now. A slot that failed, was skipped or missed is run again, from the
 *   step that failed on.
 * @returns the slot as it is asked for; a scheduler may have begun with it.
 * @param jobs All jobs, among which those are that it depends on.
 * @throws {InputError} for a slot that succeeded, is open, lies in the future, or is none of the job's.
 */
export async function requestRun(
  ledger: Ledger,
  job: Job,
  request: Request,
  at?: Date,
  jobs: readonly Job[] = [],
): Promise<Slot> {
  const slot = at ?? await freeTime(ledger, job.name, request.at);
  const name: RunName = { job: job.name, slot: slot.toISOString() };
  const before = at === undefined ? undefined : await ledger.slot(name);
  if (before !== undefined) {
    refuseRepeat(before);
    const unmet = await unmetDependencies(job, before, ledger, jobs);
    const asked = await reopen(ledger, name, { request, unmet });
    await ledger.ring();
    return asked!;
  }
  if (at !== undefined) refuseNoSlot(job, at, request);
  const due = { slot, interval: { from: previous(job, slot), to: slot } };
  const trigger = at === undefined ? "manual" : "backfill";
  const entry = askedSlot(job, due, trigger, { request });
  const unmet = await unmetDependencies(job, entry, ledger, jobs);
  const asked = askedSlot(job, due, trigger, { request, unmet });
  await ledger.enter(job.name, [asked]);
  await ledger.ring();
  return asked;
}

/**
 * Asks to end a run, or not to start it.
 *
 * @throws {InputError} when there is no such slot, or it has ended.
 */
export async function requestCancel(ledger: Ledger, name: RunName, request: Request): Promise<Slot> {
  const before = await ledger.slot(name);
  if (before === undefined || !isOpen(before)) {
    throw new InputError(`${formatRunName(name)} cannot be cancelled`, {
      expected: "a run that has not ended",
      found: before === undefined ? "no such slot" : `one that ${before.status} (${before.reason})`,
    });
  }
  const runs = before.status === "running";
  const after = await ledger.change(
    name,
    (slot) =>
      !isOpen(slot) ? undefined : runs ? { ...slot, cancelledBy: request } : {
        ...slot,
        status: "skipped",
        reason: `cancelled by ${request.by} before it ran`,
        cancelledBy: request,
        endedAt: request.at,
      },
  );
  await ledger.ring();
  return after!;
}

/** Holds a job back: what is due is entered as skipped, what is queued waits. @throws {InputError} when it is paused. */
export async function pauseJob(
  ledger: Ledger,
  job: string,
  request: Request,
  reason?: string,
): Promise<void> {
  await ledger.control(job).update((value) => {
    if (value.paused !== undefined) {
      throw new InputError(`Job ${job} is paused already`, {
        found: `paused by ${value.paused.by} at ${shortTime(value.paused.at)}`,
      });
    }
    return { value: { ...value, paused: { ...request, ...(reason ? { reason } : {}) } }, result: undefined };
  });
  await ledger.ring();
}

/** Takes a pause back. @throws {InputError} when the job is not paused. */
export async function resumeJob(ledger: Ledger, job: string): Promise<void> {
  await ledger.control(job).update(({ paused, ...value }) => {
    if (paused === undefined) throw new InputError(`Job ${job} is not paused`);
    return { value, result: undefined };
  });
  await ledger.ring();
}

function refuseRepeat(slot: Slot): void {
  if (!isOpen(slot) && !hasSucceeded(slot)) return;
  throw new InputError(`${formatRunName(slot)} is not run again`, {
    expected: "a slot that failed, was skipped, replaced or missed",
    found: isOpen(slot)
      ? `one that is ${slot.status}`
      : `one that ${slot.status} at ${shortTime(slot.endedAt!)}`,
    remedy: isOpen(slot) ? "Wait for it, or cancel it." : "A run of now needs no slot: leave --slot out.",
  });
}

function refuseNoSlot({ name, schedule }: Job, at: Date, { at: now }: Request): void {
  const time = shortTime(at.toISOString());
  if (at.getTime() > Date.parse(now)) {
    throw new InputError(`Slot ${time} of ${name} lies in the future`, {
      expected: `a time until ${shortTime(now)}`,
    });
  }
  if ("on" in schedule) {
    throw new InputError(`Job ${name} has no slot at ${time}`, {
      expected: "a slot that `deno task jobs runs` lists: the job runs when a snapshot is published",
      remedy: "Leave --slot out for a run of now.",
    });
  }
  const after = nextDue(schedule, new Date(at.getTime() - 1));
  if (after?.getTime() === at.getTime()) return;
  const near = [previousDue(schedule, at), after].filter((time) => time !== undefined)
    .map((time) => shortTime(time.toISOString()));
  throw new InputError(`Job ${name} has no slot at ${time}`, {
    expected: `a time of ${schedule.cron} (${schedule.timeZone}), the nearest ones are ${near.join(" and ")}`,
  });
}

/** The present second, or a later moment when there is a slot of that time already. */
async function freeTime(ledger: Ledger, job: string, now: string): Promise<Date> {
  let time = Math.floor(Date.parse(now) / 1000) * 1000;
  while (await ledger.slot({ job, slot: new Date(time).toISOString() }) !== undefined) time++;
  return new Date(time);
}

const previous = ({ schedule }: Job, slot: Date): Date =>
  ("on" in schedule ? undefined : previousDue(schedule, slot)) ?? slot;
