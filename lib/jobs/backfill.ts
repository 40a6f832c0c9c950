import { InputError } from "shopflow/errors/mod.ts";
import { askedSlot, reopen } from "./asked_slot.ts";
import { type DueTime, dueTimes } from "./due_slots.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { type RunName, shortTime } from "./run_name.ts";
import { hasSucceeded, isFinal, type Request, type Slot } from "./slot.ts";
import { upstreamSlots } from "./upstream_slots.ts";

/**
 * What a backfill makes of the jobs that its job depends on: its slots wait until theirs of the same interval have
 * succeeded (`wait`); those of them that did not succeed are asked for, too (`run`); or nobody looks (`ignore`).
 */
export type BackfillDependencies = "wait" | "run" | "ignore";

/** A time to backfill, both ends included. */
export interface BackfillRange {
  from: Date;
  to: Date;
  /** Default: `wait`. */
  dependencies?: BackfillDependencies;
}

/** Slots that a backfill is about. */
export interface Backfill {
  /** What is asked for, the oldest first. */
  asked: RunName[];
  /** How many slots need no run: they succeeded, or are open. */
  unneeded: number;
  /**
   * Slots of other jobs that these depend on and that neither succeeded nor are open, in the order they have to be
   * run: asked for, too, or in the way.
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
  const { wanted, unneeded, upstream } = await slotsToFill(ledger, job, request, range, jobs);
  return {
    asked: wanted.map((time) => nameOf(job, time)),
    unneeded,
    upstream: upstream.flatMap(({ job, wanted }) => wanted.map((time) => nameOf(job, time))),
  };
}

/**
 * Asks for all slots of a job in a time, with their own times and intervals. Those that succeeded or are open stay as
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
  const { wanted, unneeded, before, upstream } = await slotsToFill(ledger, job, request, range, jobs);
  const ask = async (job: Job, times: DueTime[], before: Map<string, Slot>) => {
    const asking = { request, waitFor: dependencies === "ignore" ? [] : job.after };
    await ledger.enter(job.name, times.map((time) => askedSlot(job, time, "backfill", asking)));
    const names = times.map((time) => nameOf(job, time));
    for (const name of names.filter(({ slot }) => before.has(slot))) await reopen(ledger, name, asking);
    return names;
  };
  const names: RunName[] = [];
  for (const { job, wanted, before } of upstream) {
    // What is waited for has to be there before what waits.
    if (dependencies === "run") await ask(job, wanted, before);
    names.push(...wanted.map((time) => nameOf(job, time)));
  }
  const asked = await ask(job, wanted, before);
  if (asked.length > 0) await ledger.ring();
  return { asked, unneeded, upstream: names };
}

const nameOf = (job: Job, { slot }: DueTime): RunName => ({ job: job.name, slot: slot.toISOString() });

async function slotsToFill(
  ledger: Ledger,
  job: Job,
  request: Request,
  { from, to, dependencies }: BackfillRange,
  jobs: readonly Job[],
) {
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
  const upstream = dependencies === "ignore" ? [] : await upstreamSlots(ledger, job, wanted, jobs);
  return { wanted, unneeded: due.length - wanted.length, before, upstream };
}
