import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { dayOf, poolKey } from "../ledger/keys.ts";
import { type SharedObject, sharedObject } from "../ledger/shared_object.ts";
import { errorText, maskSecrets } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import {
  afterAttempt,
  type Attempt,
  type Execute,
  formatRunName,
  isOpen,
  type Outcome,
  type Slot,
  type StopReason,
} from "../run.ts";
import type { Job } from "../job.ts";
import { goesOn, type Ledger, type Running } from "../ledger/ledger.ts";
import type { SchedulerLease, SchedulerWatch } from "./lease.ts";

/** A run that has a place of a pool. */
interface Holder {
  job: string;
  slot: string;
  attempt: number;
  scheduler: string;
}

/** The places of all pools, shared by all schedulers of a lake. */
interface PoolPlaces {
  /**
   * Takes a place for a run.
   *
   * @param isOver Whether a run that has a place does not go on any more, so that its place is free.
   */
  take(
    pool: string,
    size: number,
    holder: Holder,
    isOver: (holder: Holder) => Promise<boolean>,
  ): Promise<boolean>;
  release(pool: string, holder: Holder): Promise<void>;
}

interface Places {
  holders: Holder[];
}

/** The places as they are written down in a store, changed by compare-and-swap. */
export function poolPlaces(store: ObjectStore): PoolPlaces {
  const pools = new Map<string, SharedObject<Places>>();
  const placesOf = (pool: string) => {
    const found = pools.get(pool) ?? sharedObject<Places>(store, poolKey(pool), { holders: [] });
    pools.set(pool, found);
    return found;
  };
  const without = (holders: Holder[], gone: Holder[]) =>
    holders.filter((holder) => !gone.some((other) => isSame(holder, other)));

  return {
    async take(pool, size, wanted, isOver) {
      const tryTake = (over: Holder[]) =>
        placesOf(pool).update((value) => {
          const holders = without(value.holders, over);
          // An earlier try took it and could not say so.
          if (holders.some((holder) => isSame(holder, wanted))) return { result: { taken: true, holders } };
          if (holders.length >= size) return { result: { taken: false, holders } };
          return { value: { holders: [...holders, wanted] }, result: { taken: true, holders } };
        });
      const first = await tryTake([]);
      if (first.taken) return true;
      // Who died had no time to give its place back.
      const checked = await Promise.all(
        first.holders.map(async (holder) => ({ holder, over: await isOver(holder) })),
      );
      const over = checked.filter(({ over }) => over).map(({ holder }) => holder);
      return over.length > 0 && (await tryTake(over)).taken;
    },
    async release(pool, holder) {
      await placesOf(pool).update(({ holders }) => {
        const rest = without(holders, [holder]);
        return rest.length === holders.length
          ? { result: undefined }
          : { value: { holders: rest }, result: undefined };
      });
    },
  };
}

const isSame = (a: Holder, b: Holder) =>
  a.job === b.job && a.slot === b.slot && a.attempt === b.attempt && a.scheduler === b.scheduler;

/** What starting and ending a run takes. */
export interface RunContext {
  ledger: Ledger;
  places: PoolPlaces;
  pools: Record<string, number>;
  watch: SchedulerWatch;
  runtime: Pick<Runtime, "now" | "log">;
  random: () => number;
  execute: Execute;
  lease: () => SchedulerLease;
  /** Whether a run may begin now. */
  mayStart: () => boolean;
  owner: string;
  /** Up to when the job's slots are entered; written down with the start. */
  accountedUntil: (job: string) => string | undefined;
}

/** A run that this scheduler holds. */
export interface ActiveRun {
  job: Job;
  slot: Slot;
  attempt: number;
  stop(reason: StopReason): void;
  /** The slot as it was left; undefined when it was taken away. */
  ended: Promise<Slot | undefined>;
}

/** Between tries to write down how a run ended, while the lake cannot be written. */
const WRITE_AGAIN_MS = 500;

/** Starts a slot, unless another scheduler was faster, its pool is full, or it is not open any more. */
export async function startSlot(job: Job, slot: Slot, context: RunContext): Promise<ActiveRun | undefined> {
  const { ledger, places, pools, runtime: { log } } = context;
  const lease = context.lease();
  const before = ledger.control(job.name).known?.running;
  if (before !== undefined && !await isOver(before, job, ledger)) return undefined;

  const attempt = nextAttempt(slot, before?.slot === slot.slot ? before.attempt : 0);
  const holder: Holder = { job: job.name, slot: slot.slot, attempt, scheduler: lease.id };
  const size = pools[job.pool]!;
  const hasEnded = (other: Holder) => holderEnded(other, context);
  if (Number.isFinite(size) && !await places.take(job.pool, size, holder, hasEnded)) return undefined;
  const giveBack = async () => {
    if (!Number.isFinite(size)) return;
    try {
      await places.release(job.pool, holder);
    } catch (error) {
      // Whoever wants the place finds that the run has ended, see `holderEnded`.
      log.warn(
        `${formatRunName(slot)}: its place in ${job.pool} is given back later: ${errorText(error)}`,
      );
    }
  };
  try {
    const run = await startHolding(job, slot, { attempt, before, lease, giveBack }, context);
    if (run === undefined) await giveBack();
    return run;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** Starts a slot that has its place in the pool. */
async function startHolding(
  job: Job,
  slot: Slot,
  { attempt, before, lease, giveBack }: {
    attempt: number;
    /** The job's run before, which is over. */
    before: Running | undefined;
    lease: SchedulerLease;
    giveBack: () => Promise<void>;
  },
  context: RunContext,
): Promise<ActiveRun | undefined> {
  const { ledger, runtime: { now }, owner } = context;
  const startedAt = now().toISOString();
  const accountedUntil = context.accountedUntil(job.name);
  const won = await ledger.control(job.name).update((value) => {
    const other = value.running;
    if (other?.slot !== before?.slot || other?.attempt !== before?.attempt) return { result: false };
    const running = { slot: slot.slot, attempt, scheduler: lease.id, owner, startedAt };
    const cursor = [value.accountedUntil, accountedUntil].filter((time) => time !== undefined).sort().at(-1);
    return { value: { ...value, running, accountedUntil: cursor }, result: true };
  });
  const found = won ? await ledger.page(job.name, dayOf(slot.slot)).find(slot.slot) : undefined;
  // Cancelled, ended or taken over since it was looked at: nothing is to be done for it.
  if (found === undefined || !isOpen(found) || nextAttempt(found) > attempt) return undefined;
  if (!context.mayStart()) {
    await leaveToOthers(job, found, { number: attempt, owner, startedAt }, context);
    return undefined;
  }
  const controller = new AbortController();
  const stop = (reason: StopReason) => controller.abort(reason);
  const onLost = () => stop("lost");
  lease.lost.addEventListener("abort", onLost);
  const started: Attempt = { number: attempt, owner, startedAt };
  const ended = (async () => {
    try {
      const outcome = await execute(job, found, attempt, controller.signal, lease, context);
      return await finish(job, found, started, outcome, lease, context);
    } finally {
      lease.lost.removeEventListener("abort", onLost);
      await giveBack();
    }
  })();
  return { job, slot: found, attempt, stop, ended };
}

/** Writes down that a run was not begun, because its scheduler stops or was not sure any more that it may. */
async function leaveToOthers(
  job: Job,
  slot: Slot,
  attempt: Attempt,
  { ledger, runtime: { now }, random }: RunContext,
): Promise<void> {
  const finishedAt = now();
  const left: Attempt = {
    ...attempt,
    finishedAt: finishedAt.toISOString(),
    ended: "handed over",
    reason: "its scheduler could not begin it in time",
  };
  await ledger.change(slot, (present) => afterAttempt(job, present, left, { now: finishedAt, random }));
}

/** Whether a run that was started does not go on. Once it has ended it stays so: then what is known is enough. */
async function isOver(running: Running, { name }: Job, ledger: Ledger): Promise<boolean> {
  const page = ledger.page(name, dayOf(running.slot));
  const known = page.known(running.slot);
  if (known !== undefined && !goesOn(running, known)) return true;
  return !goesOn(running, await page.find(running.slot));
}

const nextAttempt = ({ attempts }: Slot, atLeast = 0) => Math.max(atLeast, attempts.at(-1)?.number ?? 0) + 1;

async function execute(
  job: Job,
  slot: Slot,
  attempt: number,
  signal: AbortSignal,
  lease: SchedulerLease,
  { ledger, execute }: RunContext,
): Promise<Outcome> {
  try {
    return await execute({
      job,
      slot,
      attempt,
      signal,
      lease,
      async stepDone(name) {
        const after = await ledger.change(
          slot,
          (now) =>
            isOpen(now) && !now.attempts.some(({ number }) => number >= attempt)
              ? { ...now, stepsDone: [...now.stepsDone.filter((step) => step !== name), name] }
              : undefined,
        );
        return after !== undefined && isOpen(after) &&
          !after.attempts.some(({ number }) => number >= attempt);
      },
    });
  } catch (error) {
    return { ended: "failed", reason: `it could not be run: ${maskSecrets((error as Error).message)}` };
  }
}

/** Writes down how a try ended; tries as long as the lease may come back, so that a full disk loses nothing. */
async function finish(
  job: Job,
  slot: Slot,
  started: Attempt,
  outcome: Outcome,
  lease: SchedulerLease,
  { ledger, runtime: { now, log }, random }: RunContext,
): Promise<Slot | undefined> {
  const finishedAt = now();
  const attempt: Attempt = { ...started, ...outcome, finishedAt: finishedAt.toISOString() };
  const name = formatRunName(slot);
  for (let told = false; outcome.ended !== "lost";) {
    try {
      const { after, counted } = await record();
      if (counted) return after;
      break;
    } catch (error) {
      if (lease.lost.aborted) break;
      if (!told) log.warn(`${name}: its end cannot be written yet: ${errorText(error)}`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS));
    }
  }
  log.warn(`${name}: another scheduler has it; what it came to here (${outcome.ended}) does not count`);
  return undefined;

  async function record() {
    let counted = false;
    const after = await ledger.change(slot, (present) => {
      const next = afterAttempt(job, present, attempt, { now: finishedAt, random });
      counted = next !== undefined;
      return next;
    });
    return { after, counted };
  }
}

/** Takes a run away from a scheduler that is gone. @returns the slot as it is then. */
export function takeOver(
  job: Job,
  slot: Slot,
  { ledger, runtime: { now }, random }: RunContext,
): Promise<Slot | undefined> {
  const running = slot.attempts.at(-1)!;
  const lost: Attempt = {
    ...running,
    finishedAt: now().toISOString(),
    ended: "lost",
    reason: `${running.owner}, which ran it, is gone`,
  };
  return ledger.change(slot, (present) => afterAttempt(job, present, lost, { now: now(), random }));
}

/** Whether a run that has a place of a pool does not go on any more. */
async function holderEnded(
  { job, slot, attempt, scheduler }: Holder,
  { ledger, watch, lease }: RunContext,
): Promise<boolean> {
  const { running } = await ledger.control(job).read();
  const present = await ledger.slot({ job, slot });
  if (present === undefined || !isOpen(present)) return true;
  if (present.attempts.some(({ number, finishedAt }) => number >= attempt && finishedAt !== undefined)) {
    return true;
  }
  if (await watch.isGone(scheduler)) return true;
  // Taken by one that did not win the start afterwards, and lives: it gives the place back itself.
  return running?.attempt === attempt && running.slot === slot && running.scheduler !== scheduler &&
    scheduler !== lease().id;
}
