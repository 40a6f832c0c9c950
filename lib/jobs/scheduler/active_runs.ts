import type { Logger, Random } from "shopflow/runtime/mod.ts";
import { formatRunName, isOpen, type Run } from "../run.ts";
import type { ActiveRun } from "./start.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { replaces } from "./choose.ts";
import type { SchedulerLease, SchedulerWatch } from "./lease.ts";
import type { JobSet } from "../define_jobs.ts";

interface ActiveRunsOptions {
  log: Logger;
  /** How many at a time. */
  most: number;
  /** Called when a run has ended, with its run as it was left; undefined when it was taken away. */
  onEnd: (active: ActiveRun, after: Run | undefined) => Promise<void>;
}

/** The runs that a scheduler holds, one of a job. */
interface ActiveRuns {
  all(): ActiveRun[];
  of(job: string): ActiveRun | undefined;
  /** Whether one more may be started. */
  hasRoom(): boolean;
  /** Starts a run, which takes up room from now on. */
  start(begin: () => Promise<ActiveRun | undefined>): Promise<void>;
  /** Waits until what the ends of runs set off is done. */
  idle(): Promise<void>;
  /** Waits for the runs, at most `shutdownTimeoutMs`; then hands them over. */
  end(shutdownTimeoutMs: number): Promise<void>;
}

/** Holds no run at first. */
export function createActiveRuns({ log, most, onEnd }: ActiveRunsOptions): ActiveRuns {
  const byJob = new Map<string, ActiveRun>();
  /** What the ends of runs set off. */
  const aftermath = new Set<Promise<void>>();
  const starting = new Set<Promise<void>>();
  let releasing = false;

  function hold(active: ActiveRun): void {
    byJob.set(active.job.name, active);
    log.info(`${formatRunName(active.run)}: starts, attempt ${active.attempt}`);
    if (releasing) active.stop("released");
    const warn = (error: unknown): undefined => {
      log.warn(`${formatRunName(active.run)}: ${error}`);
    };
    // A defect must not end the other runs, nor keep this one for ever.
    active.ended.catch(warn).then((after) => {
      if (byJob.get(active.job.name) === active) byJob.delete(active.job.name);
      const done = onEnd(active, after).catch(warn).finally(() => aftermath.delete(done));
      aftermath.add(done);
    });
  }

  return {
    all: () => [...byJob.values()],
    of: (job) => byJob.get(job),
    hasRoom: () => byJob.size + starting.size < most,
    async start(begin) {
      const started = (async () => {
        const active = await begin();
        if (active !== undefined) hold(active);
      })();
      starting.add(started);
      try {
        await started;
      } finally {
        starting.delete(started);
      }
    },
    async idle() {
      while (aftermath.size > 0) await Promise.allSettled([...aftermath]);
    },
    async end(shutdownTimeoutMs) {
      const timer = setTimeout(() => {
        releasing = true;
        byJob.forEach((active) => active.stop("released"));
      }, shutdownTimeoutMs);
      // One that is about to start may become a run meanwhile.
      while (byJob.size + starting.size > 0) {
        await Promise.allSettled([...starting, ...[...byJob.values()].map(({ ended }) => ended)]);
      }
      clearTimeout(timer);
    },
  };
}

interface SuperviseOptions {
  ledger: Ledger;
  watch: SchedulerWatch;
  lease: SchedulerLease;
  /** The run of the job that this scheduler holds. */
  mine: ActiveRun | undefined;
}

/**
 * Looks after a run of a job that runs: this scheduler's own run is ended when somebody cancelled it or a later run
 * takes its place.
 *
 * @param open All open runs of the job.
 * @returns `orphaned` when nobody has it any more, so that it is to be taken over.
 */
export async function superviseRun(
  job: Job,
  running: Run,
  open: Run[],
  { ledger, watch, lease, mine }: SuperviseOptions,
): Promise<"goes on" | "orphaned"> {
  if (mine !== undefined && mine.run.scheduledFor === running.scheduledFor) {
    if (running.cancelledBy !== undefined) mine.stop("cancelled");
    else if (job.overlap === "replace" && open.some((other) => replaces(other, running))) {
      mine.stop("superseded");
    }
    return "goes on";
  }
  const scheduler = ledger.jobState(job.name).known?.running?.scheduler;
  // A run is running by what the job's state says; where that has changed meanwhile, the next look decides.
  if (scheduler === undefined) return "goes on";
  // One of this scheduler that it does not hold: the lake failed in the middle of its start.
  return scheduler === lease.id || await watch.isGone(scheduler) ? "orphaned" : "goes on";
}

interface AfterRunOptions extends JobSet {
  ledger: Ledger;
  log: Logger;
  onNews: (job: Job) => Promise<void>;
  /** Whether this scheduler starts anything more. */
  isAtWork: () => boolean;
  /** Starts what may start of a job. */
  advance: (job: Job) => Promise<void>;
  forEachJob: (work: (job: Job) => Promise<void>) => Promise<void>;
}

/** What the end of a run sets off: it is told, and may let other runs start, of its own job and of others. */
export async function afterRun(
  job: Job,
  run: Run,
  { jobs, pools, ledger, log, onNews, isAtWork, advance, forEachJob }: AfterRunOptions,
): Promise<void> {
  const line = `${formatRunName(run)}: ${run.status} (${run.reason})`;
  if (run.status === "succeeded") log.info(line);
  else log.warn(line);
  await onNews(job);
  const awaited = jobs.some(({ dependsOn }) => dependsOn.includes(job.name));
  const shared = Number.isFinite(pools[job.pool] ?? Infinity);
  if (awaited || shared || isOpen(run)) await ledger.notify();
  if (!isAtWork()) return;
  await advance(job);
  if (awaited || shared) await forEachJob((other) => other === job ? Promise.resolve() : advance(other));
}

/** Jobs that are looked at side by side. */
const AT_ONCE = 16;

/**
 * Goes through jobs, several side by side. One of them fails: the others go on.
 *
 * @param random Schedulers look at jobs in different orders, so that they seldom want the same one.
 * @param onProblem Hears of a job whose work failed.
 */
export function createJobWalk(
  jobs: readonly Job[],
  random: Random,
  onProblem: (job: Job, error: Error) => void,
): (work: (job: Job) => Promise<void>) => Promise<void> {
  const first = Math.floor(random() * jobs.length);
  const order = [...jobs.slice(first), ...jobs.slice(0, first)];
  return async (work) => {
    const waiting = order.values();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const job of waiting) {
        try {
          await work(job);
        } catch (error) {
          onProblem(job, error as Error);
        }
      }
    }));
  };
}
