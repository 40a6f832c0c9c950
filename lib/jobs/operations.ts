import { InputError } from "shopflow/errors/mod.ts";
import { nextDue, previousDue } from "./cron_expression.ts";
import { type DueTime, dueTimes } from "./due_slots.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { formatRunName, type RunName, shortTime } from "./run_name.ts";
import { hasSucceeded, isFinal, isOpen, type Request, type Slot, type Trigger } from "./slot.ts";

/** What people ask of the schedulers. All of it is written into the ledger, where every scheduler finds it. */

/**
 * Asks for a run.
 *
 * @param at The slot; by default a new one, of now. A slot that failed, was skipped or missed is run again, from the
 *   step that failed on.
 * @throws {InputError} for a slot that succeeded, is open, lies in the future, or is none of the job's.
 */
export async function requestRun(ledger: Ledger, job: Job, request: Request, at?: Date): Promise<Slot> {
  const slot = at ?? await freeTime(ledger, job.name, request.at);
  const name: RunName = { job: job.name, slot: slot.toISOString() };
  const before = at === undefined ? undefined : await ledger.slot(name);
  if (before !== undefined) {
    refuseRepeat(before);
    await reopen(ledger, name, request);
  } else {
    if (at !== undefined) refuseNoSlot(job, at, request);
    const due = { slot, interval: { from: previous(job, slot), to: slot }, next: undefined };
    await ledger.enter(job.name, [asked(job, due, request, at === undefined ? "manual" : "backfill")]);
  }
  await ledger.ring();
  return (await ledger.slot(name))!;
}

/** A time to backfill, both ends included. */
export interface BackfillRange {
  from: Date;
  to: Date;
}

/** Slots that a backfill is about. */
export interface Backfill {
  /** What is asked for, the oldest first. */
  asked: RunName[];
  /** How many slots need no run: they succeeded, or are open. */
  unneeded: number;
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
): Promise<Backfill> {
  const { wanted, unneeded } = await slotsToFill(ledger, job, request, range);
  return { asked: wanted.map(({ slot }) => ({ job: job.name, slot: slot.toISOString() })), unneeded };
}

/**
 * Asks for all slots of a job in a time, with their own times and intervals. Those that succeeded or are open stay as
 * they are.
 *
 * @throws {InputError} for a job without a cron expression, and a range that is empty or ends in the future.
 */
export async function requestBackfill(
  ledger: Ledger,
  job: Job,
  request: Request,
  range: BackfillRange,
): Promise<Backfill> {
  const { wanted, unneeded, before } = await slotsToFill(ledger, job, request, range);
  await ledger.enter(job.name, wanted.map((time) => asked(job, time, request, "backfill")));
  const names = wanted.map(({ slot }) => ({ job: job.name, slot: slot.toISOString() }));
  for (const name of names.filter(({ slot }) => before.has(slot))) await reopen(ledger, name, request);
  if (names.length > 0) await ledger.ring();
  return { asked: names, unneeded };
}

async function slotsToFill(
  ledger: Ledger,
  job: Job,
  request: Request,
  { from, to }: BackfillRange,
): Promise<{ wanted: DueTime[]; unneeded: number; before: Map<string, Slot> }> {
  if ("on" in job.schedule) {
    throw new InputError(`Job ${job.name} has no slots to fill`, {
      expected: "a job with a cron expression",
      found: "one that runs when a snapshot is published",
      remedy: `Run it once: deno task jobs run ${job.name}.`,
    });
  }
  if (!(from < to) || to.getTime() > Date.parse(request.at)) {
    throw new InputError("Not a time to backfill", {
      expected: "a beginning before its end, and an end that is not in the future",
      found: `${shortTime(from.toISOString())} to ${shortTime(to.toISOString())}`,
    });
  }
  const due = dueTimes(job, new Date(from.getTime() - 1), to);
  const before = new Map((await ledger.slots(job.name, from, to)).map((slot) => [slot.slot, slot]));
  const wanted = due.filter(({ slot }) => {
    const found = before.get(slot.toISOString());
    return found === undefined || (isFinal(found.status) && !hasSucceeded(found));
  });
  return { wanted, unneeded: due.length - wanted.length, before };
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

function asked(job: Job, { slot, interval }: DueTime, request: Request, trigger: Trigger): Slot {
  return {
    job: job.name,
    slot: slot.toISOString(),
    trigger,
    interval: { from: interval.from.toISOString(), to: interval.to.toISOString() },
    status: "queued",
    reason: `asked for by ${request.by}`,
    enteredAt: request.at,
    stepsDone: [],
    attempts: [],
    requestedBy: request,
  };
}

/** A slot that ended without success is queued again; its steps that are done stay done. */
async function reopen(ledger: Ledger, name: RunName, request: Request): Promise<void> {
  const before = await ledger.slot(name);
  if (before === undefined || isOpen(before) || hasSucceeded(before)) return;
  // Its page is on the list of open ones before it is open.
  await ledger.enter(name.job, [{ ...before, status: "queued" }]);
  await ledger.change(
    name,
    ({ endedAt: _, cancelledBy: __, notBefore: ___, blockedBy: ____, ...slot }) =>
      isOpen(slot) || hasSucceeded(slot) ? undefined : {
        ...slot,
        status: "queued",
        reason: `asked for again by ${request.by}; before, it was: ${slot.status} (${slot.reason})`,
        requestedBy: request,
      },
  );
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
