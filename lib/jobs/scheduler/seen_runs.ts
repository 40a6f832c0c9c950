import { formatTime } from "shopflow/runtime/mod.ts";
import type { JobState, Ledger } from "../ledger/ledger.ts";
import { runsWhilePaused } from "../requests/trigger.ts";
import { isOpen, type Run } from "../run.ts";
import { type KnownScheduler, listSchedulers } from "./lease.ts";

/** What a run's ledger entry does not say of it. */
interface Surroundings {
  /** The schedulers of the lake that are known now. */
  schedulers: readonly KnownScheduler[];
  /** The pause of its job. */
  paused?: JobState["paused"];
}

/**
 * Runs as people are to see them: the ledger says that a run runs until another scheduler takes it over; one whose
 * scheduler does not live is `interrupted` from then on, also where no other scheduler lives that could write it down.
 * One that waits because its job is paused says so. Only for readers: schedulers decide by leases whose runs they may
 * take.
 */
export async function seenRuns(ledger: Ledger, now: Date, runs: Run[]): Promise<Run[]> {
  const open = runs.filter(isOpen);
  if (open.length === 0) return runs;
  const jobs = [...new Set(open.map(({ job }) => job))];
  const [schedulers, pauses] = await Promise.all([
    listSchedulers(ledger.store, now),
    Promise.all(jobs.map(async (job) => [job, (await ledger.jobState(job).read()).paused] as const)),
  ]);
  const paused = new Map(pauses);
  return runs.map((run) => seenRun(run, { schedulers, paused: paused.get(run.job) }));
}

/** A run as people are to see it, see {@linkcode seenRuns}. */
export function seenRun(run: Run, { schedulers, paused }: Surroundings): Run {
  if (!isOpen(run)) return run;
  if (run.status === "running") return unlessLost(run, schedulers);
  if (paused === undefined || runsWhilePaused(run)) return run;
  return { ...run, reason: `${run.reason}; it waits until the job is resumed, ${pausedText(paused)}` };
}

/** `paused by ben since 2024-10-02 03:05 UTC: the database is being moved`. */
export const pausedText = ({ by, at, reason }: NonNullable<JobState["paused"]>): string =>
  `paused by ${by} since ${formatTime(at)}${reason === undefined ? "" : `: ${reason}`}`;

function unlessLost(run: Run, schedulers: readonly KnownScheduler[]): Run {
  const last = run.attempts.at(-1);
  const own = schedulers.find(({ id }) => id === last?.scheduler);
  if (last === undefined || own?.alive) return run;
  const gone = own === undefined || own.stopped || own.fencedBy !== undefined
    ? `its scheduler ${last.owner} is gone`
    : `no word from its scheduler ${last.owner} since ${formatTime(own.heartbeatAt)}`;
  const then = schedulers.some(({ alive }) => alive)
    ? "another scheduler takes it over"
    : "no scheduler is running that could continue it";
  return {
    ...run,
    status: "interrupted",
    reason: `${gone}; ${then}`,
    attempts: [...run.attempts.slice(0, -1), {
      ...last,
      ended: "lease expired",
      reason: gone,
      ...(own === undefined ? {} : { finishedAt: later(own.heartbeatAt, last.startedAt) }),
    }],
  };
}

const later = (a: string, b: string) => a > b ? a : b;
