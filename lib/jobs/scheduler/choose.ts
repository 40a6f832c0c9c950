import { formatRunName, retryAt, type Run } from "../run.ts";
import { readiness } from "../ledger/dependencies.ts";
import { runsWhilePaused } from "../requests/trigger.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Whether a run takes the place of another one of its job, where the job's overlap policy is `replace`. */
export const replaces = (other: Run, run: Run): boolean =>
  other.scheduledFor > run.scheduledFor && isScheduled(other) && isScheduled(run);

const isScheduled = ({ trigger }: Run) => trigger === "schedule" || trigger === "snapshot";

/** How a run ends that will not be run. */
export type Unrun = Pick<Run, "reason" | "blockedBy"> & { status: "skipped" | "superseded" };

interface NextRunOptions {
  jobs: readonly Job[];
  ledger: Ledger;
  now: () => Date;
  /** Ends a run that will not be run. */
  end: (job: Job, run: Run, outcome: Unrun) => Promise<void>;
}

/** Chooses the run of a job that is run next. */
interface NextRun {
  /** The run that may start now, of those that are open and not running; runs that never may are ended. */
  choose(job: Job, open: Run[]): Promise<Run | undefined>;
  /** Something happened that may let a run start that waits for other jobs. */
  changed(): void;
}

/**
 * A choice among the runs of `jobs`. One that was found to wait for other jobs is not looked at again before `changed`
 * was called.
 */
export function createNextRun({ jobs, ledger, now, end }: NextRunOptions): NextRun {
  /** Counts what may let a run start that waits for other jobs. */
  let changes = 0;
  /** At which of these each one was found to wait still. */
  const waited = new Map<string, number>();

  return {
    changed: () => void changes++,
    async choose(job, open) {
      const paused = ledger.jobState(job.name).known?.paused !== undefined;
      const ordered = inTurn(open).filter((run) => !paused || runsWhilePaused(run));
      for (const run of ordered) {
        if (job.overlap === "replace" && ordered.some((other) => replaces(other, run))) {
          await end(job, run, { status: "superseded", reason: "a later run took its place before it ran" });
          continue;
        }
        if (retryAt(job, run, now()) !== undefined) return undefined;
        if (run.status !== "waiting") return run;
        const name = formatRunName(run);
        if (waited.get(name) === changes) return undefined;
        const asked = changes;
        const ready = await readiness(job, run, ledger, jobs);
        if (ready.state === "waiting") {
          waited.set(name, asked);
          return undefined;
        }
        waited.delete(name);
        if (ready.state === "ready") return run;
        await end(job, run, { status: "skipped", reason: ready.reason, blockedBy: ready.blockedBy });
      }
      return undefined;
    },
  };
}

/** What people ask for now goes before the past that is made up for. */
const inTurn = (open: Run[]) => [
  ...open.filter(({ trigger }) => trigger !== "backfill"),
  ...open.filter(({ trigger }) => trigger === "backfill"),
];
