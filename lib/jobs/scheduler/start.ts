import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { poolKey } from "../ledger/keys.ts";
import { type SharedObject, sharedObject } from "../ledger/shared_object.ts";
import { errorText, maskSecrets } from "shopflow/errors/mod.ts";
import { delay, type Runtime } from "shopflow/runtime/mod.ts";
import {
  afterAttempt,
  type Attempt,
  type Execute,
  type FinishedAttempt,
  formatRunName,
  isOpen,
  lastAttemptOf,
  type Outcome,
  type Run,
  type StopReason,
} from "../run.ts";
import type { Job } from "../job.ts";
import { goesOn, type Ledger, type Running } from "../ledger/ledger.ts";
import type { SchedulerLease, SchedulerWatch } from "./lease.ts";

/** A run that has a place of a pool. */
interface PoolSlot {
  job: string;
  scheduledFor: string;
  attempt: number;
  scheduler: string;
}

/** The places of all pools, shared by all schedulers of a lake. */
interface PoolSlots {
  /**
   * Takes a place for a run.
   *
   * @param isOver Whether a run that has a place does not go on any more, so that its place is free.
   */
  acquire(
    pool: string,
    size: number,
    poolSlot: PoolSlot,
    isOver: (poolSlot: PoolSlot) => Promise<boolean>,
  ): Promise<boolean>;
  release(pool: string, poolSlot: PoolSlot): Promise<void>;
}

interface StoredPool {
  holders: PoolSlot[];
}

/** The places as they are written down in a store, changed by compare-and-swap. */
export function poolSlots(store: ObjectStore): PoolSlots {
  const pools = new Map<string, SharedObject<StoredPool>>();
  const poolOf = (pool: string) => {
    const found = pools.get(pool) ?? sharedObject<StoredPool>(store, poolKey(pool), { holders: [] });
    pools.set(pool, found);
    return found;
  };
  const without = (holders: PoolSlot[], gone: PoolSlot[]) =>
    holders.filter((poolSlot) => !gone.some((other) => isSame(poolSlot, other)));

  return {
    async acquire(pool, size, wanted, isOver) {
      const tryAcquire = (over: PoolSlot[]) =>
        poolOf(pool).update((value) => {
          const holders = without(value.holders, over);
          // An earlier attempt took it and could not say so.
          if (holders.some((poolSlot) => isSame(poolSlot, wanted))) {
            return { result: { acquired: true, holders } };
          }
          if (holders.length >= size) return { result: { acquired: false, holders } };
          return { value: { holders: [...holders, wanted] }, result: { acquired: true, holders } };
        });
      const first = await tryAcquire([]);
      if (first.acquired) return true;
      // Who died had no time to give its place back.
      const checked = await Promise.all(
        first.holders.map(async (poolSlot) => ({ poolSlot, over: await isOver(poolSlot) })),
      );
      const over = checked.filter(({ over }) => over).map(({ poolSlot }) => poolSlot);
      return over.length > 0 && (await tryAcquire(over)).acquired;
    },
    async release(pool, poolSlot) {
      await poolOf(pool).update(({ holders }) => {
        const rest = without(holders, [poolSlot]);
        return rest.length === holders.length
          ? { result: undefined }
          : { value: { holders: rest }, result: undefined };
      });
    },
  };
}

const isSame = (a: PoolSlot, b: PoolSlot) =>
  a.job === b.job && a.scheduledFor === b.scheduledFor && a.attempt === b.attempt &&
  a.scheduler === b.scheduler;

/** What starting and ending a run takes. */
export interface RunContext {
  ledger: Ledger;
  places: PoolSlots;
  pools: Record<string, number>;
  watch: SchedulerWatch;
  runtime: Pick<Runtime, "now" | "log">;
  random: () => number;
  execute: Execute;
  lease: () => SchedulerLease;
  /** Whether a run may begin now. */
  mayStart: () => boolean;
  owner: string;
  /** Up to when the job's runs are entered; written down with the start. */
  plannedUntil: (job: string) => string | undefined;
}

/** A run that this scheduler holds. */
export interface ActiveRun {
  job: Job;
  run: Run;
  attempt: number;
  stop(reason: StopReason): void;
  /** The run as it was left; undefined when it was taken away. */
  ended: Promise<Run | undefined>;
}

/** Between tries to write down how a run ended, while the lake cannot be written. */
const WRITE_AGAIN_MS = 500;

/** Starts a run, unless another scheduler was faster, its pool is full, or it is not open any more. */
export async function startRun(job: Job, run: Run, context: RunContext): Promise<ActiveRun | undefined> {
  const { ledger, places, pools, runtime: { log } } = context;
  const lease = context.lease();
  const before = ledger.jobState(job.name).known?.running;
  if (before !== undefined && !await isOver(before, job, ledger)) return undefined;

  const attempt = nextAttempt(run, before?.scheduledFor === run.scheduledFor ? before.attempt : 0);
  const poolSlot: PoolSlot = { job: job.name, scheduledFor: run.scheduledFor, attempt, scheduler: lease.id };
  const size = pools[job.pool] ?? Infinity;
  const hasEnded = (other: PoolSlot) => poolSlotIsFree(other, context);
  if (Number.isFinite(size) && !await places.acquire(job.pool, size, poolSlot, hasEnded)) return undefined;
  const giveBack = async () => {
    if (!Number.isFinite(size)) return;
    try {
      await places.release(job.pool, poolSlot);
    } catch (error) {
      // Whoever wants the place finds that the run has ended, see `holderEnded`.
      log.warn(
        `${formatRunName(run)}: its slot in the pool ${job.pool} is released later: ${errorText(error)}`,
      );
    }
  };
  try {
    const active = await startHolding(job, run, { attempt, before, lease, giveBack }, context);
    if (active === undefined) await giveBack();
    return active;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** Starts a run that has its place in the pool. */
async function startHolding(
  job: Job,
  run: Run,
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
  const plannedUntil = context.plannedUntil(job.name);
  const won = await ledger.jobState(job.name).update((value) => {
    const other = value.running;
    if (other?.scheduledFor !== before?.scheduledFor || other?.attempt !== before?.attempt) {
      return { result: false };
    }
    const running = { scheduledFor: run.scheduledFor, attempt, scheduler: lease.id, owner, startedAt };
    const cursor = [value.plannedUntil, plannedUntil].filter((time) => time !== undefined).sort().at(-1);
    return { value: { ...value, running, ...(cursor && { plannedUntil: cursor }) }, result: true };
  });
  const found = won ? await ledger.storedRun(run) : undefined;
  // Cancelled, ended or taken over since it was looked at: nothing is to be done for it.
  if (found === undefined || !isOpen(found) || nextAttempt(found) > attempt) return undefined;
  if (!context.mayStart()) {
    await leaveToOthers(job, found, { number: attempt, owner, startedAt }, context);
    return undefined;
  }
  const controller = new AbortController();
  const stop = (reason: StopReason) => controller.abort(reason);
  const onLost = () => stop("lease expired");
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
  return { job, run: found, attempt, stop, ended };
}

/** Writes down that a run was not begun, because its scheduler stops or was not sure any more that it may. */
async function leaveToOthers(
  job: Job,
  run: Run,
  attempt: Attempt,
  { ledger, runtime: { now }, random }: RunContext,
): Promise<void> {
  const finishedAt = now();
  const left: FinishedAttempt = {
    ...attempt,
    finishedAt: finishedAt.toISOString(),
    ended: "released",
    reason: "its scheduler could not start it in time",
  };
  await ledger.change(run, (present) => afterAttempt(job, present, left, { now: finishedAt, random }));
}

/** Whether a run that was started does not go on. Once it has ended it stays so: then what is known is enough. */
async function isOver(running: Running, { name }: Job, ledger: Ledger): Promise<boolean> {
  const run = { job: name, scheduledFor: running.scheduledFor };
  const known = ledger.knownRun(run);
  if (known !== undefined && !goesOn(running, known)) return true;
  return !goesOn(running, await ledger.storedRun(run));
}

const nextAttempt = ({ attempts }: Run, atLeast = 0) => Math.max(atLeast, attempts.at(-1)?.number ?? 0) + 1;

async function execute(
  job: Job,
  run: Run,
  attempt: number,
  signal: AbortSignal,
  lease: SchedulerLease,
  { ledger, execute, runtime: { log } }: RunContext,
): Promise<Outcome> {
  try {
    return await execute({
      job,
      run,
      attempt,
      signal,
      lease,
      async stepDone(name) {
        const after = await ledger.change(
          run,
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
    // An executor rejects only for a defect: its stack is for us.
    log.warn(`${formatRunName(run)}: ${errorText(error)}`);
    const problem = error instanceof Error ? error.message : String(error);
    return { ended: "failed", reason: `could not be run: ${maskSecrets(problem)}` };
  }
}

/** Writes down how an attempt ended; tries as long as the lease may come back, so that a full disk loses nothing. */
async function finish(
  job: Job,
  run: Run,
  started: Attempt,
  outcome: Outcome,
  lease: SchedulerLease,
  { ledger, runtime: { now, log }, random }: RunContext,
): Promise<Run | undefined> {
  const finishedAt = now();
  const attempt: FinishedAttempt = { ...started, ...outcome, finishedAt: finishedAt.toISOString() };
  const name = formatRunName(run);
  for (let told = false; outcome.ended !== "lease expired";) {
    try {
      const { after, counted } = await record();
      if (counted) return after;
      break;
    } catch (error) {
      if (lease.lost.aborted) break;
      if (!told) log.warn(`${name}: its result cannot be stored yet: ${errorText(error)}`);
      told = true;
      await delay(WRITE_AGAIN_MS);
    }
  }
  log.warn(
    `${name}: owned by another scheduler; the result of this attempt (${outcome.ended}) was discarded`,
  );
  return undefined;

  async function record() {
    let counted = false;
    const after = await ledger.change(run, (present) => {
      const next = afterAttempt(job, present, attempt, { now: finishedAt, random });
      counted = next !== undefined;
      return next;
    });
    return { after, counted };
  }
}

/** Takes a run away from a scheduler that is gone. @returns the run as it is then. */
export function reclaimRun(
  job: Job,
  run: Run,
  { ledger, runtime: { now }, random }: RunContext,
): Promise<Run | undefined> {
  const { scheduler: _, ...running } = lastAttemptOf(run);
  const lost: FinishedAttempt = {
    ...running,
    finishedAt: now().toISOString(),
    ended: "lease expired",
    reason: `its scheduler ${running.owner} is gone`,
  };
  return ledger.change(run, (present) => afterAttempt(job, present, lost, { now: now(), random }));
}

/** Whether a run that has a place of a pool does not go on any more. */
async function poolSlotIsFree(
  { job, scheduledFor, attempt, scheduler }: PoolSlot,
  { ledger, watch, lease }: RunContext,
): Promise<boolean> {
  const { running } = await ledger.jobState(job).read();
  const present = await ledger.run({ job, scheduledFor });
  if (present === undefined || !isOpen(present)) return true;
  if (present.attempts.some(({ number, finishedAt }) => number >= attempt && finishedAt !== undefined)) {
    return true;
  }
  if (await watch.isGone(scheduler)) return true;
  // Taken by one that did not win the start afterwards, and lives: it gives the place back itself.
  return running?.attempt === attempt && running.scheduledFor === scheduledFor &&
    running.scheduler !== scheduler &&
    scheduler !== lease().id;
}
