import { errorText } from "shopflow/errors/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";
import { readDefinitions, type RemovedJob, saveDefinitions } from "../ledger/definitions.ts";
import type { JobSet } from "../define_jobs.ts";
import { dueTimes } from "./due.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type KnownScheduler, listSchedulers, type SchedulerWatch } from "./lease.ts";
import { formatRunName, isOpen, type Run } from "../run.ts";

interface RemovedJobsOptions {
  /** The jobs that this scheduler knows. */
  set: JobSet;
  ledger: Ledger;
  watch: SchedulerWatch;
  /** Id of this scheduler. */
  self: () => string;
  now: () => Date;
  log: Logger;
}

/**
 * So long a job must have been missing before its runs are ended: during a rolling deployment, or between ticks of
 * two versions, somebody who knows it may come back.
 */
const PATIENCE_MS = 15 * 60 * 1000;
/** Runs that are entered in one step. */
const BATCH = 1440;

const NO_JOB = "the job is no longer defined";

/**
 * Accounts for jobs that were taken out of the definitions, or renamed: what is open of them is ended, once nobody
 * who works on the lake knows them any more, see documentation/decisions/removed_jobs.md.
 *
 * @returns what looks at all of them.
 */
export function createRemovedJobs(
  { set, ledger, watch, self, now, log }: RemovedJobsOptions,
): () => Promise<void> {
  const { store } = ledger;

  return async () => {
    const found = await readDefinitions(store);
    if (found === undefined) return;
    let isComplete = true;
    const all = await listSchedulers(store, now(), () => isComplete = false);
    const atWork = all.filter(({ stopped, fencedBy }) => stopped !== true && fencedBy === undefined);
    // One of an older version that started again meanwhile wrote its own jobs down.
    if (isYoungest(self(), atWork)) await saveDefinitions(store, set, now());
    for (const { job, removedAt } of found.removed) {
      const patience = now().getTime() - Date.parse(removedAt) < PATIENCE_MS;
      // A record that cannot be read may be that of a scheduler that knows it.
      if (patience || !isComplete || [...atWork, { jobs: names(set) }].some(knows(job))) continue;
      try {
        await endRuns({ job, removedAt });
      } catch (error) {
        log.warn(`${job.name}, which was removed: its open runs cannot be ended: ${errorText(error)}`);
      }
    }
  };

  async function endRuns({ job, removedAt }: RemovedJob): Promise<void> {
    await ledger.refresh(job.name);
    await planRest(job, removedAt);
    for (const run of ledger.openRuns(job.name)) {
      const scheduler = ledger.jobState(job.name).known?.running?.scheduler;
      const isRunning = run.status === "running";
      if (isRunning && (scheduler === undefined || !await watch.isGone(scheduler))) return;
      const after = await ledger.change(
        run,
        (present) => isOpen(present) ? ended(present, isRunning ? run : undefined, now()) : undefined,
      );
      log.info(`${formatRunName(run)}: ${after?.status} (${after?.reason})`);
    }
    if (ledger.jobState(job.name).known?.removedAt !== undefined) return;
    await ledger.jobState(job.name).update((value) => ({
      value: { ...value, removedAt },
      result: undefined,
    }));
    log.info(`${job.name}: ${NO_JOB}, and all its runs have ended`);
  }

  /** What was due before it was removed, and nobody saw. */
  async function planRest(job: Job, removedAt: string): Promise<void> {
    const { plannedUntil, removedAt: known } = ledger.jobState(job.name).known ?? {};
    if (plannedUntil === undefined || known !== undefined) return;
    const until = new Date(removedAt);
    for (let from = new Date(plannedUntil);;) {
      const due = dueTimes(job, from, until, BATCH);
      const last = due.at(-1);
      if (last === undefined) return;
      await ledger.enqueue(
        job.name,
        due.map(({ scheduledFor, dataInterval }) => missed(job, scheduledFor, dataInterval, now())),
      );
      from = last.scheduledFor;
    }
  }
}

const names = ({ jobs }: JobSet) => jobs.map(({ name }) => name);

/** A scheduler of a version that did not say what it knows may know every job. */
const knows = ({ name }: Job) => ({ jobs }: Pick<KnownScheduler, "jobs">) => jobs?.includes(name) ?? true;

function isYoungest(self: string, atWork: KnownScheduler[]): boolean {
  const age = ({ startedAt, id }: KnownScheduler) => `${startedAt} ${id}`;
  const own = atWork.find(({ id }) => id === self);
  return own !== undefined && atWork.every((other) => age(other) <= age(own));
}

/** @param running The run with its attempt that goes on, which has lost its scheduler. */
function ended(run: Run, running: Run | undefined, now: Date): Run {
  const at = now.toISOString();
  const { notBefore: _, ...rest } = run;
  const going = running?.attempts.at(-1);
  const attempts = going === undefined ? run.attempts : [
    ...run.attempts,
    {
      number: going.number,
      owner: going.owner,
      startedAt: going.startedAt,
      finishedAt: at,
      ended: "lease expired" as const,
      reason: `its scheduler ${going.owner} is gone`,
    },
  ];
  const last = attempts.at(-1);
  if (last === undefined) return { ...rest, status: "skipped", reason: NO_JOB, endedAt: at };
  return {
    ...rest,
    attempts,
    status: "failed",
    reason: `${NO_JOB}; its last attempt: ${last.reason}`,
    endedAt: at,
  };
}

const missed = (job: Job, scheduledFor: Date, dataInterval: { start: Date; end: Date }, now: Date): Run => ({
  job: job.name,
  scheduledFor: scheduledFor.toISOString(),
  trigger: "schedule",
  dataInterval: { start: dataInterval.start.toISOString(), end: dataInterval.end.toISOString() },
  status: "missed",
  reason: `no scheduler ran when it was due, and ${NO_JOB}`,
  plannedAt: now.toISOString(),
  stepsDone: [],
  attempts: [],
  endedAt: now.toISOString(),
});
