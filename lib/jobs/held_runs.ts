import type { Logger } from "shopflow/runtime/mod.ts";
import { formatRunName } from "./run_name.ts";
import type { ActiveRun } from "./run_slot.ts";
import type { Slot } from "./slot.ts";

export interface HeldRunsOptions {
  log: Logger;
  /** How many at a time. */
  most: number;
  /** Called when a run has ended, with its slot as it was left; undefined when it was taken away. */
  onEnd: (run: ActiveRun, after: Slot | undefined) => Promise<void>;
}

/** The runs that a scheduler holds, one of a job. */
export interface HeldRuns {
  all(): ActiveRun[];
  of(job: string): ActiveRun | undefined;
  /** Whether one more may be started. */
  hasRoom(): boolean;
  /** Starts a run, which takes up room from now on. */
  start(begin: () => Promise<ActiveRun | undefined>): Promise<void>;
  /** Waits until what the ends of runs set off is done. */
  settled(): Promise<void>;
  /** Waits for the runs, at most `graceMs`; then hands them over. */
  end(graceMs: number): Promise<void>;
}

/** Holds no run at first. */
export function createHeldRuns({ log, most, onEnd }: HeldRunsOptions): HeldRuns {
  const active = new Map<string, ActiveRun>();
  /** What the ends of runs set off. */
  const aftermath = new Set<Promise<void>>();
  const starting = new Set<Promise<void>>();
  let handingOver = false;

  function hold(run: ActiveRun): void {
    active.set(run.job.name, run);
    log.info(`${formatRunName(run.slot)}: starts, try ${run.attempt}`);
    if (handingOver) run.stop("handed over");
    const warn = (error: unknown): undefined => {
      log.warn(`${formatRunName(run.slot)}: ${error}`);
    };
    // A defect must not end the other runs, nor keep this one for ever.
    run.ended.catch(warn).then((after) => {
      if (active.get(run.job.name) === run) active.delete(run.job.name);
      const done = onEnd(run, after).catch(warn).finally(() => aftermath.delete(done));
      aftermath.add(done);
    });
  }

  return {
    all: () => [...active.values()],
    of: (job) => active.get(job),
    hasRoom: () => active.size + starting.size < most,
    async start(begin) {
      const started = (async () => {
        const run = await begin();
        if (run !== undefined) hold(run);
      })();
      starting.add(started);
      try {
        await started;
      } finally {
        starting.delete(started);
      }
    },
    async settled() {
      while (aftermath.size > 0) await Promise.allSettled([...aftermath]);
    },
    async end(graceMs) {
      const timer = setTimeout(() => {
        handingOver = true;
        active.forEach((run) => run.stop("handed over"));
      }, graceMs);
      // One that is about to start may become a run meanwhile.
      while (active.size + starting.size > 0) {
        await Promise.allSettled([...starting, ...[...active.values()].map(({ ended }) => ended)]);
      }
      clearTimeout(timer);
    },
  };
}
