import { InputError } from "shopflow/errors/mod.ts";
import { type Job, nextDue, parseTime, type Run, type RunName, shortTime } from "shopflow/jobs/mod.ts";
import {
  type Backfill,
  type BackfillRange,
  cancelRun,
  pauseJob,
  requestBackfill,
  resumeJob,
  triggerRun,
} from "shopflow/jobs/requests/mod.ts";
import { type Ledger, openLedger, readDefinitions, type RemovedJob } from "shopflow/jobs/ledger/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { formatCount, type Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../problems.ts";
import type { JobsReader } from "./jobs_reader.ts";

/** What people may ask for; each is written into the ledger, where schedulers find it. */
export interface JobActions {
  /** A run of now, or of a run that failed, was skipped or missed, or never ran. */
  run(job: string, by: string, scheduledFor?: Date): Promise<Run>;
  /** All runs of a time that did not succeed. */
  backfill(job: string, by: string, range: BackfillRange): Promise<Backfill>;
  cancel(run: RunName, by: string): Promise<Run>;
  pause(job: string, by: string, reason?: string): Promise<void>;
  resume(job: string): Promise<void>;
}

/** Most runs of one backfill request. */
const MAX_RUNS = 5000;
const MOST_REASON = 300;

/** Every method throws {@linkcode HttpProblem}: 404 for a job that does not exist, 409 for what cannot be done. */
export function createJobActions(
  store: ObjectStore,
  { now }: Pick<Runtime, "now">,
  board: JobsReader,
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
      board.invalidate();
    }
  }
  const request = (by: string) => ({ by, at: now().toISOString() });

  return {
    run: (name, by, scheduledFor) =>
      act(name, (ledger, job, jobs) => triggerRun(ledger, job, request(by), scheduledFor, jobs)),
    backfill: (name, by, range) =>
      act(name, (ledger, job, jobs) => {
        refuseTooMany(job, range);
        return requestBackfill(ledger, job, request(by), range, jobs);
      }),
    cancel: (run, by) => act(run.job, (ledger) => cancelRun(ledger, run, request(by)), { removedToo: true }),
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
    found: `one that was removed at ${shortTime(removedAt)}`,
  });
}

/** The answer 404 to a request for a run that was never entered, or for what is no run. */
export function noSuchRun({ job, scheduledFor }: RunName): HttpProblem {
  return new HttpProblem(404, "run_not_found", "There is no such run", {
    found: `${job}, run ${scheduledFor}`,
    remedy: `The runs of the job are at /jobs/${encodeURIComponent(job)}.`,
  });
}

/** The run that a path names. @throws {HttpProblem} 404 when it is none. */
export function runInPath(job: string, text: string): RunName {
  const scheduledFor = parseTime(text);
  if (scheduledFor === undefined) throw noSuchRun({ job, scheduledFor: text });
  return { job, scheduledFor: scheduledFor.toISOString() };
}

function refused({ message, expected, found, remedy }: InputError): HttpProblem {
  // Messages of our errors begin with the problem and go on with what was expected.
  const problem = message.split(": expected ")[0]!.split(": found ")[0]!.replace(`. ${remedy}`, "");
  return new HttpProblem(409, "refused", problem, { expected, found, remedy });
}

function refuseTooMany({ schedule }: Job, { from, to }: { from: Date; to: Date }): void {
  if ("on" in schedule) return;
  let scheduledFor = nextDue(schedule, new Date(from.getTime() - 1));
  for (
    let count = 0;
    scheduledFor !== undefined && scheduledFor <= to;
    count++, scheduledFor = nextDue(schedule, scheduledFor)
  ) {
    if (count < MAX_RUNS) continue;
    throw new InputError("Too many runs at once", {
      expected: `at most ${formatCount(MAX_RUNS)} runs`,
      remedy: "Request a shorter range, and the rest when it is done.",
    });
  }
}
