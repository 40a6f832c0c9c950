import { InputError } from "shopflow/errors/mod.ts";
import {
  type Backfill,
  type BackfillRange,
  type Job,
  type Ledger,
  nextDue,
  openLedger,
  parseTime,
  pauseJob,
  readDefinitions,
  type RemovedJob,
  requestBackfill,
  requestCancel,
  requestRun,
  resumeJob,
  type RunName,
  shortTime,
  type Slot,
} from "shopflow/jobs/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../problems.ts";
import type { JobBoard } from "./job_board.ts";

/** What people may ask for; each is written into the ledger, where schedulers find it. */
export interface JobActions {
  /** A run of now, or of a slot that failed, was skipped or missed, or never ran. */
  run(job: string, by: string, slot?: Date): Promise<Slot>;
  /** All slots of a time that did not succeed. */
  backfill(job: string, by: string, range: BackfillRange): Promise<Backfill>;
  cancel(run: RunName, by: string): Promise<Slot>;
  pause(job: string, by: string, reason?: string): Promise<void>;
  resume(job: string): Promise<void>;
}

/** Slots that may be asked for at once: each is a run. */
const MOST_SLOTS = 5000;
const MOST_REASON = 300;

/** Every method throws {@linkcode HttpProblem}: 404 for a job that does not exist, 409 for what cannot be done. */
export function createJobActions(
  store: ObjectStore,
  { now }: Pick<Runtime, "now">,
  board: JobBoard,
): JobActions {
  async function act<T>(
    name: string,
    work: (ledger: Ledger, job: Job, jobs: readonly Job[]) => Promise<T>,
    { removedToo = false } = {},
  ): Promise<T> {
    const found = await readDefinitions(store);
    const removed = found?.removed.find(({ job }) => job.name === name);
    const job = found?.jobs.find((job) => job.name === name) ?? (removedToo ? removed?.job : undefined);
    if (job === undefined && removed !== undefined) throw jobRemoved(removed);
    if (job === undefined) throw noSuchJob(name);
    try {
      return await work(openLedger(store, now), job, found?.jobs ?? []);
    } catch (error) {
      if (error instanceof InputError) throw refused(error);
      throw error;
    } finally {
      board.forget();
    }
  }
  const request = (by: string) => ({ by, at: now().toISOString() });

  return {
    run: (name, by, slot) =>
      act(name, (ledger, job, jobs) => requestRun(ledger, job, request(by), slot, jobs)),
    backfill: (name, by, range) =>
      act(name, (ledger, job, jobs) => {
        refuseTooMany(job, range);
        return requestBackfill(ledger, job, request(by), range, jobs);
      }),
    cancel: (run, by) =>
      act(run.job, (ledger) => requestCancel(ledger, run, request(by)), { removedToo: true }),
    pause: (name, by, reason) =>
      act(
        name,
        (ledger) => pauseJob(ledger, name, request(by), reason?.trim().slice(0, MOST_REASON) || undefined),
      ),
    resume: (name) => act(name, (ledger) => resumeJob(ledger, name)),
  };
}

/** The answer 404 to a request for a job that never was. */
export function noSuchJob(name: string): HttpProblem {
  return new HttpProblem(404, "job_not_found", "There is no such job", {
    found: name,
    remedy: "The jobs that exist are at /jobs.",
  });
}

function jobRemoved({ job, removedAt }: RemovedJob): HttpProblem {
  return new HttpProblem(409, "refused", `The job ${job.name} was removed`, {
    expected: "a job that the schedulers of this lake know",
    found: `one that was taken out of the jobs at ${shortTime(removedAt)}`,
  });
}

/** The answer 404 to a request for a slot that was never entered, or for what is no slot. */
export function noSuchRun({ job, slot }: RunName): HttpProblem {
  return new HttpProblem(404, "run_not_found", "There is no such run", {
    found: `${job}, slot ${slot}`,
    remedy: `The slots of the job are at /jobs/${encodeURIComponent(job)}.`,
  });
}

/** The slot that a path names. @throws {HttpProblem} 404 when it is none. */
export function slotInPath(job: string, text: string): RunName {
  const slot = parseTime(text);
  if (slot === undefined) throw noSuchRun({ job, slot: text });
  return { job, slot: slot.toISOString() };
}

function refused({ message, expected, found, remedy }: InputError): HttpProblem {
  // Messages of our errors begin with the problem and go on with what was expected.
  const problem = message.split(": expected ")[0]!.split(": found ")[0]!.replace(`. ${remedy}`, "");
  return new HttpProblem(409, "refused", problem, { expected, found, remedy });
}

function refuseTooMany({ schedule }: Job, { from, to }: { from: Date; to: Date }): void {
  if ("on" in schedule) return;
  let slot = nextDue(schedule, new Date(from.getTime() - 1));
  for (let count = 0; slot !== undefined && slot <= to; count++, slot = nextDue(schedule, slot)) {
    if (count < MOST_SLOTS) continue;
    throw new InputError("That is too much at once", {
      expected: `at most ${MOST_SLOTS.toLocaleString("en")} slots`,
      remedy: "Ask for a shorter time, and for the rest when it is done.",
    });
  }
}
