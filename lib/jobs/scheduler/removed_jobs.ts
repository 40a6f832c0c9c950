import { errorText } from "shopflow/errors/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";
import { readDefinitions, type RemovedJob, saveDefinitions } from "../ledger/definitions.ts";
import type { JobSet } from "../define_jobs.ts";
import { dueTimes } from "./due.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type KnownScheduler, listSchedulers, type SchedulerWatch } from "./lease.ts";
import { formatRunName, isOpen, type Slot } from "../run.ts";

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
 * So long a job must have been missing before its slots are ended: during a rolling deployment, or between ticks of
 * two versions, somebody who knows it may come back.
 */
const PATIENCE_MS = 15 * 60 * 1000;
/** Slots that are entered in one step. */
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
        await endSlots({ job, removedAt });
      } catch (error) {
        log.warn(`${job.name}, which was removed: its slots cannot be ended: ${errorText(error)}`);
      }
    }
  };

  async function endSlots({ job, removedAt }: RemovedJob): Promise<void> {
    await ledger.refresh(job.name);
    await enterRest(job, removedAt);
    for (const slot of ledger.openSlots(job.name)) {
      const scheduler = ledger.control(job.name).known?.running?.scheduler;
      const isRunning = slot.status === "running";
      if (isRunning && !await watch.isGone(scheduler!)) return;
      const after = await ledger.change(
        slot,
        (present) => isOpen(present) ? ended(present, isRunning ? slot : undefined, now()) : undefined,
      );
      log.info(`${formatRunName(slot)}: ${after?.status} (${after?.reason})`);
    }
    if (ledger.control(job.name).known?.removedAt !== undefined) return;
    await ledger.control(job.name).update((value) => ({ value: { ...value, removedAt }, result: undefined }));
    log.info(`${job.name}: ${NO_JOB}, and all its slots have ended`);
  }

  /** What was due before it was removed, and nobody saw. */
  async function enterRest(job: Job, removedAt: string): Promise<void> {
    const { accountedUntil, removedAt: known } = ledger.control(job.name).known ?? {};
    if (accountedUntil === undefined || known !== undefined) return;
    const until = new Date(removedAt);
    for (let from = new Date(accountedUntil);;) {
      const due = dueTimes(job, from, until, BATCH);
      if (due.length === 0) return;
      await ledger.enter(job.name, due.map(({ slot, interval }) => missed(job, slot, interval, now())));
      from = due.at(-1)!.slot;
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

/** @param running The slot with its try that goes on, which has lost its scheduler. */
function ended(slot: Slot, running: Slot | undefined, now: Date): Slot {
  const at = now.toISOString();
  const { notBefore: _, ...rest } = slot;
  const going = running?.attempts.at(-1);
  const attempts = going === undefined ? slot.attempts : [
    ...slot.attempts,
    { ...going, finishedAt: at, ended: "lost" as const, reason: `${going.owner}, which ran it, is gone` },
  ];
  if (attempts.length === 0) return { ...rest, status: "skipped", reason: NO_JOB, endedAt: at };
  const before = attempts.at(-1)!.reason;
  return { ...rest, attempts, status: "failed", reason: `${NO_JOB}; its last try: ${before}`, endedAt: at };
}

const missed = (job: Job, slot: Date, interval: { from: Date; to: Date }, now: Date): Slot => ({
  job: job.name,
  slot: slot.toISOString(),
  trigger: "schedule",
  interval: { from: interval.from.toISOString(), to: interval.to.toISOString() },
  status: "missed",
  reason: `no scheduler ran when it was due, and ${NO_JOB}`,
  enteredAt: now.toISOString(),
  stepsDone: [],
  attempts: [],
  endedAt: now.toISOString(),
});
