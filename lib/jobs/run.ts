import { InputError } from "shopflow/errors/mod.ts";
import { backoffMs, formatTime, type Random } from "shopflow/runtime/mod.ts";
import type { Lease } from "shopflow/runtime/process/mod.ts";
import { type Job, stepName } from "./job.ts";

/** What identifies a run: a run of a job. */
export interface RunName {
  job: string;
  /** ISO, UTC. */
  scheduledFor: string;
}

/** A run as people write it, e.g. `refresh-data@2024-10-02T03:05Z`. */
export const formatRunName = ({ job, scheduledFor }: RunName): string => `${job}@${shortTime(scheduledFor)}`;

/** A time in UTC without seconds that are zero: `2024-10-02T03:05Z`. */
export const shortTime = (iso: string): string => new Date(iso).toISOString().replace(/(:00)?\.000Z$/, "Z");

/**
 * Reads the name of a run; a job alone is undefined's run: the caller takes the last run.
 *
 * @throws {InputError} when it is neither.
 */
export function parseRunName(name: string): { job: string; scheduledFor?: string } {
  const [job = "", time, ...more] = name.split("@");
  if (job !== "" && more.length === 0) {
    if (time === undefined) return { job };
    const scheduledFor = parseTime(time);
    if (scheduledFor !== undefined) return { job, scheduledFor: scheduledFor.toISOString() };
  }
  throw new InputError("Invalid run name", {
    expected: "JOB@TIME as `deno task jobs runs` prints it, e.g. refresh-data@2024-10-02T03:05Z, " +
      "or a job's name for its last run",
    found: JSON.stringify(name),
  });
}

/** A time with its zone, or a date, which begins at midnight UTC; undefined for anything else. */
export function parseTime(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  try {
    return new Date(Temporal.Instant.from(text.includes("T") ? text : `${text}T00:00Z`).epochMilliseconds);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** How an attempt of a run ended, as its executor says it. */
export type Outcome =
  & Required<Pick<Attempt, "ended" | "reason">>
  & Pick<Attempt, "exitCode" | "peakBytes">;

/** How often a run may lose its scheduler before it is taken for what kills schedulers. */
const MOST_LOST = 5;

/**
 * The run after an attempt of it; undefined when the run has ended or the attempt was taken away from who ran it: then what
 * it came to does not count.
 */
export function afterAttempt(
  job: Job,
  run: Run,
  attempt: FinishedAttempt,
  { now, random }: { now: Date; random: Random },
): Run | undefined {
  if (run.endedAt !== undefined || run.attempts.some(({ number }) => number >= attempt.number)) {
    return undefined;
  }
  const tried: Run = { ...run, attempts: [...run.attempts, attempt] };
  delete tried.notBefore;
  const { reason } = attempt;
  const interrupted = (): Run => ({
    ...tried,
    status: "interrupted",
    reason: `${reason}; another scheduler continues it`,
  });
  const end = (status: Run["status"], why = reason): Run => ({
    ...tried,
    status,
    reason: why,
    endedAt: now.toISOString(),
  });
  // However the attempt ended meanwhile, nobody wants another one.
  if (run.cancelledBy !== undefined && attempt.ended !== "succeeded") {
    return end("cancelled", `cancelled by ${run.cancelledBy.by}`);
  }
  switch (attempt.ended) {
    case "succeeded": {
      const done = {
        ...end("succeeded"),
        stepsDone: [...new Set([...run.stepsDone, ...job.steps.map(stepName)])],
      };
      return isLate(job, run, now)
        ? {
          ...done,
          reason: `${reason}, but more than ${job.slaMinutes} minutes after it was due`,
          slaMissed: true,
        }
        : done;
    }
    case "cancelled":
      return end("cancelled");
    case "superseded":
      return end("superseded");
    case "released":
      return interrupted();
    case "lease expired": {
      const lost = since(tried).filter(({ ended }) => ended === "lease expired").length;
      return lost < MOST_LOST
        ? interrupted()
        : end("failed", `${lost} schedulers died while they ran it; the last one: ${reason}`);
    }
    case "failed":
    case "timed out": {
      const failures = since(tried).filter(({ ended }) => ended === "failed" || ended === "timed out").length;
      if (failures > job.retries.limit) return end("failed");
      const { firstDelaySeconds, maxDelaySeconds } = job.retries;
      const backoff = { firstDelayMs: firstDelaySeconds * 1000, maxDelayMs: maxDelaySeconds * 1000 };
      const notBefore = new Date(now.getTime() + backoffMs(backoff, failures, random)).toISOString();
      return {
        ...tried,
        status: "retrying",
        notBefore,
        reason: `${reason}; retry ${failures} of ${job.retries.limit} at ${formatTime(notBefore)}`,
      };
    }
  }
}

/** The attempts since the run was last requested by hand. */
const since = ({ attempts, requestedBy }: Run) =>
  attempts.filter(({ startedAt }) => requestedBy === undefined || startedAt >= requestedBy.at);

/** Whether a run that succeeds at `now` does so after its SLA. Runs that people ask for have none. */
export function isLate(job: Pick<Job, "slaMinutes">, { scheduledFor, trigger }: Run, now: Date): boolean {
  return job.slaMinutes !== undefined && trigger !== "manual" && trigger !== "backfill" &&
    now.getTime() > Date.parse(scheduledFor) + job.slaMinutes * 60_000;
}

/** So much the clocks of schedulers may differ, which nobody needs to hear of. */
export const CLOCK_SKEW_MS = 2 * 60 * 1000;

/**
 * When the next attempt of a run is due, if it has to wait for it. A time that is further away than any wait of the job
 * was written by a clock that ran ahead, and counts for nothing.
 */
export function retryAt({ retries }: Job, { notBefore }: Run, now: Date): Date | undefined {
  if (notBefore === undefined) return undefined;
  const wait = Date.parse(notBefore) - now.getTime();
  return wait > 0 && wait <= retries.maxDelaySeconds * 1000 + CLOCK_SKEW_MS ? new Date(notBefore) : undefined;
}

/** How a run ended. Each run that was due ends in one of these, with a reason. */
export type FinalStatus =
  | "succeeded"
  | "failed"
  /** A person ended it, or kept it from starting. */
  | "cancelled"
  /** It was not run: paused, overlapping, or what it depends on did not succeed. */
  | "skipped"
  /** A later run took its place while it ran. */
  | "superseded"
  /** No scheduler ran when it was due, and its job does not catch up with it. */
  | "missed";

/** What a run that has not ended is doing. */
type OpenStatus =
  /** For the jobs it depends on. */
  | "waiting"
  /** To be started as soon as its pool and its own job allow. */
  | "queued"
  /** An attempt of it failed; the next one starts when its wait is over. */
  | "retrying"
  /** Its scheduler ended or died while it ran; to be started again by another one. */
  | "interrupted"
  | "running";

export type RunStatus = OpenStatus | FinalStatus;

/** Every status that a run can end in. */
export const FINAL_STATUSES: readonly FinalStatus[] = [
  "succeeded",
  "failed",
  "cancelled",
  "skipped",
  "superseded",
  "missed",
];
/** Every status of a run that has not ended. */
export const OPEN_STATUSES: readonly OpenStatus[] = [
  "waiting",
  "queued",
  "retrying",
  "interrupted",
  "running",
];

/** A run's status as people see it: of a success it tells whether it kept the SLA. */
export type ShownStatus = RunStatus | "sla-missed";

/** A run's status as people see it. */
export const shownStatus = ({ status, slaMissed }: Pick<Run, "status" | "slaMissed">): ShownStatus =>
  slaMissed ? "sla-missed" : status;

/** Why a run exists. */
export type Trigger =
  | "schedule"
  /** It was due while no scheduler ran, and is run with its own time now. */
  | "catch-up"
  | "snapshot"
  | "manual"
  | "backfill";

/** A request of a person. */
export interface Request {
  /** Who, e.g. `anna (server)`. */
  by: string;
  at: string;
}

/** What one attempt of a run came to. */
export interface Attempt {
  /** From 1; also the fencing token: whoever holds an older number has no say any more. */
  number: number;
  /** Host, process and incarnation of the scheduler. */
  owner: string;
  /** Id of the scheduler, as long as the attempt goes on. */
  scheduler?: string;
  startedAt: string;
  finishedAt?: string;
  /** `released` and `lease expired` (its scheduler died) don't count as failures. */
  ended?: "succeeded" | "failed" | "timed out" | "cancelled" | "superseded" | "released" | "lease expired";
  reason?: string;
  exitCode?: number;
  /** Largest resident memory of its processes, in bytes; where the system tells. */
  peakBytes?: number;
}

/** One attempt that has ended. */
export type FinishedAttempt = Attempt & Required<Pick<Attempt, "finishedAt" | "ended" | "reason">>;

/** Whether an attempt has ended; how and why is written down together with when. */
export const isFinished = (attempt: Attempt): attempt is FinishedAttempt => attempt.finishedAt !== undefined;

/** The attempt of a run that goes on, or the last one. @throws {Error} when the run was never started. */
export function lastAttemptOf(run: Run): Attempt {
  const last = run.attempts.at(-1);
  if (last === undefined) throw new Error(`${formatRunName(run)} was never started`);
  return last;
}

/** The ledger's entry for one run of a job. Times are ISO, UTC. */
export interface Run {
  job: string;
  /** The time it stands for, which is when it was due; never when it ran. */
  scheduledFor: string;
  trigger: Trigger;
  /** The data it is about: from (inclusive) to (exclusive). */
  dataInterval: { start: string; end: string };
  status: RunStatus;
  /** Why it is so, in a sentence. */
  reason: string;
  /** It succeeded, but after the SLA of its job. */
  slaMissed?: true;
  /** When it was entered. */
  plannedAt: string;
  /** Names of the steps that are done. */
  stepsDone: string[];
  /** The attempts so far, the oldest first. */
  attempts: Attempt[];
  /** Not to be started before: the end of a retry's wait. */
  notBefore?: string;
  requestedBy?: Request;
  /** Jobs that it depends on and that had not succeeded when the run was requested without waiting for them, with why. */
  unmet?: string[];
  cancelledBy?: Request;
  /** Of a run that was skipped: the job that it depends on and that did not succeed. */
  blockedBy?: string;
  /** When it ended. */
  endedAt?: string;
}

/** Whether a status is one that nothing follows. */
export function isFinal(status: RunStatus): status is FinalStatus {
  return (FINAL_STATUSES as readonly string[]).includes(status);
}

/** How a run ended, after its name: `failed`, `was cancelled`. */
export const endedText = (status: RunStatus): string =>
  status === "succeeded" || status === "failed" ? status : `was ${status}`;

/** Whether a run has not ended. */
export const isOpen = ({ status }: Pick<Run, "status">): boolean => !isFinal(status);

/** It did what it was for. */
export const hasSucceeded = ({ status }: Pick<Run, "status">): boolean => status === "succeeded";

/** One attempt of a run, for whoever executes it. */
export interface Execution {
  job: Job;
  /** The run as it was when the attempt began. */
  run: Run;
  /** Number of the attempt. */
  attempt: number;
  /** Aborted with a {@linkcode StopReason} when it must end. */
  signal: AbortSignal;
  /**
   * Writes down that a step is done: a retry begins after it.
   *
   * @returns false when the run was taken away: then it must end, and what it does does not count.
   */
  stepDone(name: string): Promise<boolean>;
  /** Of the scheduler: processes of the run must be dead before it is over. */
  lease: Lease;
}

/** Does the steps of a run that are not done yet. Rejects only for a defect. */
export type Execute = (execution: Execution) => Promise<Outcome>;

/** Why an attempt is ended from outside. */
export type StopReason =
  /** By a person. */
  | "cancelled"
  /** A later run takes its place. */
  | "superseded"
  /** The scheduler stops, and another one goes on with it. */
  | "released"
  /** The scheduler lost its lease: another one has it already. */
  | "lease expired";

/** The outcome of an attempt that was ended from outside. */
export function stopped(reason: StopReason): Outcome {
  const reasons: Record<StopReason, string> = {
    cancelled: "cancelled",
    superseded: "a later run took its place",
    released: "its scheduler was stopped",
    "lease expired": "its scheduler lost its lease",
  };
  return { ended: reason, reason: reasons[reason] };
}
