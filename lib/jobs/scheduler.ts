import type { Runtime } from "shopflow/runtime/mod.ts";
import { randomUUID } from "node:crypto";
import { readiness } from "./dependencies.ts";
import { nextDue } from "./cron_expression.ts";
import type { Execute } from "./executor.ts";
import type { JobSet } from "./define_jobs.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { isLate } from "./outcome.ts";
import { createPlanner } from "./planner.ts";
import { poolPlaces } from "./pool_places.ts";
import { formatRunName } from "./run_name.ts";
import { type ActiveRun, type RunContext, startSlot, takeOver } from "./run_slot.ts";
import { type SchedulerLease, takeSchedulerLease, watchSchedulers } from "./scheduler_lease.ts";
import { isOpen, type Slot } from "./slot.ts";

export interface SchedulerOptions extends JobSet {
  ledger: Ledger;
  runtime: Pick<Runtime, "now" | "log">;
  execute: Execute;
  /** Host and process, for people. */
  owner: string;
  /** How long its runs stay its own after it was heard of last, in milliseconds; default 30,000. */
  leaseMs?: number;
  /** How late a scheduler may see a slot without having missed it, in milliseconds; default 90,000. */
  graceMs?: number;
  /** How many runs it holds at a time; default 4. */
  maxRuns?: number;
  random?: () => number;
  publishedAt?: () => Promise<Date | undefined>;
  /** For programs that end before they have seen others long enough, see {@linkcode watchSchedulers}. */
  trustClocks?: boolean;
  /** Called when there may be something to tell about a job: a slot ended, or its SLA is over. */
  onNews?: (job: Job) => Promise<void>;
}

/** Enters what is due in the ledger and runs it; any number of them work together on one lake. */
export interface Scheduler {
  /** Takes the lease. */
  begin(): Promise<void>;
  /**
   * Enters and starts what is due.
   *
   * @param look Read the ledger anew even if nobody rang.
   */
  round(look?: boolean): Promise<void>;
  /** Renews the lease and takes over the runs of schedulers that are gone. */
  keepAlive(): Promise<void>;
  /** When there is something to do, if nothing happens before; undefined when nothing is due ever. */
  nextWake(): Date | undefined;
  /** The runs it holds. */
  active(): ActiveRun[];
  /** Waits for the runs it holds, at most `graceMs`; then hands them over. Nothing starts any more. */
  stop(graceMs: number): Promise<void>;
  /** Slots that are entered and have not ended, by what is known. */
  openSlots(): Slot[];
  /** Why the ledger of a job could not be kept in the last round, by the job's name. */
  problems(): ReadonlyMap<string, string>;
  /** Waits until what the end of runs sets off is done; for those who hold the clock still meanwhile. */
  settled(): Promise<void>;
}

const LEASE_MS = 30_000;
const GRACE_MS = 90_000;
const MAX_RUNS = 4;
/** Jobs that are looked at side by side. */
const AT_ONCE = 16;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { jobs, pools, ledger, runtime, owner, leaseMs = LEASE_MS, graceMs = GRACE_MS } = options;
  const { maxRuns = MAX_RUNS, random = Math.random, onNews = () => Promise.resolve() } = options;
  const { now, log } = runtime;
  let lease!: SchedulerLease;
  let rung: string | undefined;
  let stopping = false;
  const active = new Map<string, ActiveRun>();
  /** What the ends of runs set off. */
  const aftermath = new Set<Promise<void>>();
  /** Runs that are being started, which take up room already. */
  let starting = 0;
  const turns = new Map<string, Promise<void>>();
  const renewals = new Set<() => void>();
  /** Counts what may let a slot start that waits for other jobs. */
  let changes = 0;
  /** At which of these each one was found to wait still. */
  const waited = new Map<string, number>();
  const problems = new Map<string, string>();
  /** Slots whose SLA is known to be over. */
  const overdue = new Set<string>();
  /** Schedulers look at jobs in different orders, so that they seldom want the same one. */
  const order = rotated(jobs, Math.floor(random() * jobs.length));

  const watch = watchSchedulers(ledger.store, {
    self: () => lease.id,
    now,
    trustClocks: options.trustClocks,
  });
  const planner = createPlanner({
    ledger,
    runtime,
    graceMs,
    publishedAt: options.publishedAt ?? (() => Promise.resolve(undefined)),
  });
  const context: RunContext = {
    ledger,
    places: poolPlaces(ledger.store),
    pools,
    watch,
    runtime,
    random,
    execute: options.execute,
    lease: () => lease,
    owner,
    accountedUntil: planner.accountedUntil,
    onRenewal(renewed) {
      renewals.add(renewed);
      return () => renewals.delete(renewed);
    },
  };

  async function begin(): Promise<void> {
    lease = await takeSchedulerLease(ledger.store, { id: randomUUID(), owner, leaseMs, now });
    rung = undefined;
  }

  /** One job fails to be read or written: the others go on. */
  async function forEachJob(work: (job: Job) => Promise<void>): Promise<void> {
    const waiting = [...order];
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        try {
          await work(job);
        } catch (error) {
          const { message } = error as Error;
          problems.set(job.name, message);
          log.warn(`${job.name}: the ledger cannot be kept: ${message}`);
        }
      }
    }));
  }

  async function round(look = false): Promise<void> {
    if (stopping || lease.lost.aborted) return;
    const bell = await ledger.bell();
    const refresh = look || bell !== rung || bell === undefined;
    rung = bell ?? "";
    if (refresh) changes++;
    problems.clear();
    await forEachJob(async (job) => {
      if (refresh) await ledger.refresh(job.name);
      if (await planner.plan(job)) changes++;
      await advance(job);
      await planner.save(job.name);
      if (refresh) await ledger.closeDays(job.name);
    });
  }

  /** What is done about a job is done one after the other. */
  function advance(job: Job): Promise<void> {
    const done = (turns.get(job.name) ?? Promise.resolve()).then(() => act(job));
    turns.set(job.name, done.catch(() => {}));
    return done;
  }

  async function act(job: Job): Promise<void> {
    const open = ledger.openSlots(job.name);
    await tellOverdue(job, open);
    const running = open.find(({ status }) => status === "running");
    if (running !== undefined) return await attend(job, running, open);
    const candidate = await nextToRun(job, open);
    if (candidate === undefined || active.size + starting >= maxRuns || stopping || !lease.mayStart()) return;
    starting++;
    try {
      const run = await startSlot(job, candidate, context);
      if (run !== undefined) hold(run);
    } finally {
      starting--;
    }
  }

  /** A run goes on: by whom, and may it? */
  async function attend(job: Job, running: Slot, open: Slot[]): Promise<void> {
    const mine = active.get(job.name);
    if (mine !== undefined && mine.slot.slot === running.slot) {
      if (running.cancelledBy !== undefined) mine.stop("cancelled");
      else if (job.overlap === "replace" && open.some((other) => replaces(other, running))) {
        mine.stop("replaced");
      }
      return;
    }
    const { scheduler } = ledger.control(job.name).known!.running!;
    // One of this scheduler that is not active: the lake failed in the middle of its start.
    if (scheduler !== lease.id && !watch.isGone(scheduler)) return;
    const after = await takeOver(job, running, context);
    log.warn(`${formatRunName(running)}: taken over, ${running.attempts.at(-1)!.owner} is gone`);
    if (after !== undefined && !isOpen(after)) await onNews(job);
    await act(job);
  }

  /** The slot that is next, if it may start now. */
  async function nextToRun(job: Job, open: Slot[]): Promise<Slot | undefined> {
    const paused = ledger.control(job.name).known?.paused !== undefined;
    // What people ask for now goes before the past that is made up for.
    const ordered = [
      ...open.filter(({ trigger }) => trigger !== "backfill"),
      ...open.filter(({ trigger }) => trigger === "backfill"),
    ].filter(({ trigger }) => !paused || trigger === "manual");
    for (const slot of ordered) {
      if (job.overlap === "replace" && ordered.some((other) => replaces(other, slot))) {
        await end(job, slot, { status: "replaced", reason: "a later slot took its place before it ran" });
        continue;
      }
      if (slot.notBefore !== undefined && slot.notBefore > now().toISOString()) return undefined;
      if (slot.status === "queued") return slot;
      if (waited.get(formatRunName(slot)) === changes) return undefined;
      const asked = changes;
      const ready = await readiness(job, slot, ledger, jobs);
      if (ready.state === "waiting") {
        waited.set(formatRunName(slot), asked);
        return undefined;
      }
      waited.delete(formatRunName(slot));
      if (ready.state === "ready") return slot;
      await end(job, slot, { status: "skipped", reason: ready.reason, blockedBy: ready.blockedBy });
    }
    return undefined;
  }

  async function end(
    job: Job,
    slot: Slot,
    outcome: Pick<Slot, "reason" | "blockedBy"> & { status: "skipped" | "replaced" },
  ): Promise<void> {
    await ledger.change(
      slot,
      (present) =>
        isOpen(present) && present.attempts.length === slot.attempts.length
          ? { ...present, ...outcome, endedAt: now().toISOString() }
          : undefined,
    );
    log.info(`${formatRunName(slot)}: ${outcome.status} (${outcome.reason})`);
    await onNews(job);
  }

  function hold(run: ActiveRun): void {
    active.set(run.job.name, run);
    log.info(`${formatRunName(run.slot)}: starts, try ${run.attempt}`);
    // Never rejects for want of the lake; what else may happen is a defect, which must not end the others.
    run.ended.then((after) => {
      const done = released(run, after).finally(() => aftermath.delete(done));
      aftermath.add(done);
      return done;
    }).catch((error) => log.warn(`${formatRunName(run.slot)}: ${error}`));
  }

  async function released(run: ActiveRun, after: Slot | undefined): Promise<void> {
    changes++;
    if (active.get(run.job.name) === run) active.delete(run.job.name);
    if (after === undefined) return;
    const line = `${formatRunName(after)}: ${after.status} (${after.reason})`;
    if (after.status === "succeeded") log.info(line);
    else log.warn(line);
    await onNews(run.job);
    const awaited = jobs.some(({ after: names }) => names.includes(run.job.name));
    const shared = Number.isFinite(pools[run.job.pool]!);
    if (awaited || shared || after.status === "queued") await ledger.ring();
    if (stopping || lease.lost.aborted) return;
    await advance(run.job);
    if (awaited || shared) await forEachJob((job) => job === run.job ? Promise.resolve() : advance(job));
  }

  async function tellOverdue(job: Job, open: Slot[]): Promise<void> {
    const late = open.filter((slot) => isLate(job, slot, now()) && !overdue.has(formatRunName(slot)));
    if (late.length === 0) return;
    for (const slot of late) overdue.add(formatRunName(slot));
    await onNews(job);
  }

  return {
    begin,
    round,
    async keepAlive() {
      try {
        await lease.renew();
        renewals.forEach((renewed) => renewed());
      } catch (error) {
        log.warn(`The scheduler's lease cannot be renewed: ${(error as Error).message}`);
        return;
      }
      if (lease.lost.aborted && !stopping) {
        log.warn("This scheduler was taken for dead; its runs are others' now. It begins anew.");
        await Promise.all([...active.values()].map(({ ended }) => ended));
        await begin();
      }
      await watch.look();
    },
    nextWake() {
      const times = jobs.flatMap((job) => {
        const cursor = planner.accountedUntil(job.name);
        const due = "on" in job.schedule || cursor === undefined
          ? undefined
          : nextDue(job.schedule, new Date(cursor));
        const retries = ledger.openSlots(job.name).flatMap(({ notBefore }) =>
          notBefore ? [new Date(notBefore)] : []
        );
        return due === undefined ? retries : [due, ...retries];
      });
      return times.filter((time) => time > now()).sort((a, b) => a.getTime() - b.getTime())[0];
    },
    active: () => [...active.values()],
    problems: () => problems,
    openSlots: () => jobs.flatMap(({ name }) => ledger.openSlots(name)),
    async settled() {
      while (aftermath.size > 0) await Promise.allSettled([...aftermath]);
    },
    async stop(graceMs) {
      stopping = true;
      const runs = [...active.values()];
      const all = Promise.all(runs.map(({ ended }) => ended));
      const enough = new AbortController();
      const timer = setTimeout(() => enough.abort(), graceMs);
      enough.signal.addEventListener("abort", () => runs.forEach((run) => run.stop("handed over")));
      await all;
      clearTimeout(timer);
      await lease.release();
      await ledger.ring();
    },
  };
}

/** Whether a slot takes the place of another one of its job. */
const replaces = (other: Slot, slot: Slot) =>
  other.slot > slot.slot && isScheduled(other) && isScheduled(slot);

const isScheduled = ({ trigger }: Slot) => trigger === "schedule" || trigger === "snapshot";

function rotated<T>(items: readonly T[], by: number): T[] {
  return [...items.slice(by), ...items.slice(0, by)];
}
