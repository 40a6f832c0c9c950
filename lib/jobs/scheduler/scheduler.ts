import { errorText } from "shopflow/errors/mod.ts";
import { formatDuration, type Logger, type Runtime } from "shopflow/runtime/mod.ts";
import { randomUUID } from "node:crypto";
import { afterRun, createActiveRuns, createJobWalk, superviseRun } from "./active_runs.ts";
import { type Execute, formatRunName, isLate, isOpen, lastAttemptOf, type Run } from "../run.ts";
import type { JobSet } from "../define_jobs.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { createNextRun, type Unrun } from "./choose.ts";
import { createPlanner, nextWake } from "./due.ts";
import { type ActiveRun, poolSlots, reclaimRun, type RunContext, startRun } from "./start.ts";
import { createRemovedJobs } from "./removed_jobs.ts";
import { type LeaseClock, type SchedulerLease, takeSchedulerLease, watchSchedulers } from "./lease.ts";

export interface SchedulerOptions extends JobSet {
  ledger: Ledger;
  runtime: Pick<Runtime, "now" | "log">;
  execute: Execute;
  /** Host and process, for people. */
  owner: string;
  /** How long its runs stay its own after it was heard of last, in milliseconds; default 30,000. */
  leaseMs?: number;
  /** How late a scheduler may see a run without having missed it, in milliseconds; default 90,000. */
  missedAfterMs?: number;
  /** How many runs it holds at a time; default 4. */
  maxRuns?: number;
  random?: () => number;
  /** When snapshots of the lake were published after a time, the oldest first; default: none ever is. */
  publishedSince?: (since: Date) => Promise<Date[]>;
  /** For programs that end before they have seen others long enough, see {@linkcode watchSchedulers}. */
  trustClocks?: boolean | undefined;
  /** The clocks that its lease goes by; default: the system's. */
  leaseClock?: LeaseClock;
  /** Called when there may be something to tell about a job: a run ended, or its SLA is over. */
  onNews?: (job: Job) => Promise<void>;
}

/** Enters what is due in the ledger and runs it; any number of them work together on one lake. */
export interface Scheduler {
  /** Takes the lease. */
  begin(): Promise<void>;
  /**
   * Enters and starts what is due.
   *
   * @param look Read the ledger again even without a notification.
   */
  round(look?: boolean): Promise<void>;
  /** Renews the lease and takes over the runs of schedulers that are gone. */
  keepAlive(): Promise<void>;
  /** When there is something to do, if nothing happens before; undefined when nothing is due ever. */
  nextWake(): Date | undefined;
  /** The runs it holds. */
  active(): ActiveRun[];
  /** Waits for the runs it holds, at most `shutdownTimeoutMs`; then hands them over. Nothing starts any more. */
  stop(shutdownTimeoutMs: number): Promise<void>;
  /** Runs that are entered and have not ended, by what is known. */
  openRuns(): Run[];
  /** Why the ledger of a job could not be kept in the last round, by the job's name. */
  problems(): ReadonlyMap<string, string>;
  /** Waits until what the end of runs sets off is done; for those who hold the clock still meanwhile. */
  idle(): Promise<void>;
}

const LEASE_MS = 30_000;
const MISSED_AFTER_MS = 90_000;
const MAX_RUNS = 4;

/** A scheduler that has not begun yet: it does nothing by itself, see {@linkcode runScheduler} for one that does. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { jobs, pools, ledger, runtime, owner, leaseMs = LEASE_MS, missedAfterMs = MISSED_AFTER_MS } =
    options;
  const { maxRuns = MAX_RUNS, random = Math.random, onNews = () => Promise.resolve() } = options;
  const { now, log } = runtime;
  let lease!: SchedulerLease;
  let seenSignal: string | undefined;
  let stopping = false;
  let keeping: Promise<void> | undefined;
  const turns = new Map<string, Promise<void>>();
  const problems = new Map<string, string>();
  /** Runs whose SLA is known to be over. */
  const overdue = new Set<string>();
  const forEachJob = createJobWalk(jobs, random, (job, { message }) => {
    problems.set(job.name, message);
    log.warn(`${job.name}: the ledger cannot be updated: ${message}`);
  });

  const watch = watchSchedulers(ledger.store, {
    self: () => lease.id,
    now,
    trustClocks: options.trustClocks,
    clock: options.leaseClock,
  });
  const planner = createPlanner({
    ledger,
    runtime,
    missedAfterMs,
    publishedSince: options.publishedSince ?? (() => Promise.resolve([])),
  });
  const lookAtRemoved = createRemovedJobs({
    set: { jobs, pools },
    ledger,
    watch,
    self: () => lease.id,
    now,
    log,
  });
  const next = createNextRun({ jobs, ledger, now, end });
  const held = createActiveRuns({ log, most: maxRuns, onEnd: follow });
  const context: RunContext = {
    ledger,
    places: poolSlots(ledger.store),
    pools,
    watch,
    runtime,
    random,
    execute: options.execute,
    lease: () => lease,
    mayStart: () => !stopping && lease.mayStart(),
    owner,
    plannedUntil: planner.plannedUntil,
  };

  async function begin(): Promise<void> {
    lease = await takeSchedulerLease(ledger.store, {
      id: randomUUID(),
      owner,
      leaseMs,
      now,
      jobs: jobs.map(({ name }) => name),
      nextWithinMs: options.trustClocks ? missedAfterMs : undefined,
      clock: options.leaseClock,
    });
    seenSignal = undefined;
  }

  async function round(look = false): Promise<void> {
    if (stopping || lease.lost.aborted) return;
    const wakeSignal = await ledger.wakeSignal();
    const refresh = look || wakeSignal !== seenSignal || wakeSignal === undefined;
    seenSignal = wakeSignal ?? "";
    if (refresh) next.changed();
    problems.clear();
    await forEachJob(async (job) => {
      if (refresh) await ledger.refresh(job.name);
      if (await planner.plan(job)) next.changed();
      await advance(job);
      await planner.save(job.name);
      if (refresh) await ledger.closePages(job.name);
    });
    if (look) await lookAtRemoved();
  }

  /** What is done about a job is done one after the other. */
  function advance(job: Job): Promise<void> {
    const done = (turns.get(job.name) ?? Promise.resolve()).then(() => act(job));
    turns.set(job.name, done.catch(() => {}));
    return done;
  }

  async function act(job: Job): Promise<void> {
    const open = ledger.openRuns(job.name);
    await reviewOverdue(job, open);
    const running = open.find(({ status }) => status === "running");
    if (running !== undefined) {
      const state = await superviseRun(job, running, open, { ledger, watch, lease, mine: held.of(job.name) });
      if (state === "goes on") return;
      const after = await reclaimRun(job, running, context);
      log.warn(`${formatRunName(running)}: reclaimed, its scheduler ${lastAttemptOf(running).owner} is gone`);
      if (after !== undefined && !isOpen(after)) await onNews(job);
      return await act(job);
    }
    const run = await next.choose(job, open);
    if (run === undefined || !held.hasRoom() || !context.mayStart()) return;
    await held.start(() => startRun(job, run, context));
  }

  async function end(job: Job, run: Run, outcome: Unrun): Promise<void> {
    await ledger.change(
      run,
      (present) =>
        isOpen(present) && present.attempts.length === run.attempts.length
          ? { ...present, ...outcome, endedAt: now().toISOString() }
          : undefined,
    );
    log.info(`${formatRunName(run)}: ${outcome.status} (${outcome.reason})`);
    await onNews(job);
  }

  async function follow({ job }: ActiveRun, run: Run | undefined): Promise<void> {
    next.changed();
    if (run === undefined) return;
    const isAtWork = () => !stopping && !lease.lost.aborted;
    await afterRun(job, run, { jobs, pools, ledger, log, onNews, isAtWork, advance, forEachJob });
  }

  async function reviewOverdue(job: Job, open: Run[]): Promise<void> {
    const late = open.filter((run) => isLate(job, run, now()) && !overdue.has(formatRunName(run)));
    if (late.length === 0) return;
    for (const run of late) overdue.add(formatRunName(run));
    await onNews(job);
  }

  async function keepAlive(): Promise<void> {
    try {
      await lease.renew();
    } catch (error) {
      log.warn(`The scheduler's lease cannot be renewed: ${errorText(error)}`);
      return;
    }
    if (lease.lost.aborted && !stopping) {
      log.warn("Lease lost: another scheduler took over this one's runs. Restarting with a new lease.");
      await Promise.all(held.all().map(({ ended }) => ended));
      await begin();
    }
    await watch.look();
  }

  return {
    begin,
    round,
    keepAlive: () => keeping ??= keepAlive().finally(() => keeping = undefined),
    nextWake: () => nextWake(jobs, ledger, planner.plannedUntil, now()),
    active: held.all,
    problems: () => problems,
    openRuns: () => jobs.flatMap(({ name }) => ledger.openRuns(name)),
    idle: held.idle,
    async stop(shutdownTimeoutMs) {
      stopping = true;
      await held.end(shutdownTimeoutMs);
      await lease.release();
      await ledger.notify();
    },
  };
}

interface LoopOptions {
  log: Logger;
  now: () => Date;
  /** Of the scheduler, in milliseconds: renewed three times as often. */
  leaseMs: number;
  /** Between looks whether somebody rang, in milliseconds; default 2000. */
  pollMs?: number | undefined;
}

/** A scheduler at work. */
export interface SchedulerLoop {
  /** Looks at everything now: called by the ticker. */
  tick(): void;
  /** Nothing new starts; runs may go on for `shutdownTimeoutMs`, then they are released. */
  stop(shutdownTimeoutMs: number): Promise<void>;
}

const POLL_MS = 2000;

/** Lets a scheduler work until it is stopped. What it cannot do now, because the lake fails, it does later. */
export async function runScheduler(
  scheduler: Scheduler,
  { log, now, leaseMs, pollMs = POLL_MS }: LoopOptions,
): Promise<SchedulerLoop> {
  let stopping = false;
  let look = true;
  let wake = () => {};
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      log.warn(`${what}: ${errorText(error)}`);
    }
  };

  await scheduler.begin();
  let renewal: Promise<void> | undefined;
  const heartbeat = () => {
    renewal ??= attempt("The scheduler's lease", scheduler.keepAlive).finally(() => renewal = undefined);
  };
  const timer = setInterval(heartbeat, leaseMs / 3);
  heartbeat();

  async function sleep(): Promise<void> {
    const due = scheduler.nextWake()?.getTime() ?? Infinity;
    const ms = Math.max(0, Math.min(pollMs, due - now().getTime()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  const rounds = (async () => {
    while (!stopping) {
      const lookNow = look;
      look = false;
      const started = performance.now();
      await attempt("The ledger cannot be updated", () => scheduler.round(lookNow));
      log.debug(`scheduler round: ${formatDuration(performance.now() - started)}`);
      if (!look && !stopping) await sleep();
    }
  })();

  return {
    tick() {
      look = true;
      wake();
    },
    async stop(shutdownTimeoutMs) {
      stopping = true;
      wake();
      await rounds;
      // The lease is renewed until the last run has ended.
      await scheduler.stop(shutdownTimeoutMs);
      clearInterval(timer);
      await renewal;
    },
  };
}
