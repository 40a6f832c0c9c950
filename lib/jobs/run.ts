import { InputError } from "shopflow/errors/mod.ts";
import type { Lease, Random } from "shopflow/runtime/mod.ts";
import type { Job, Retries } from "./job.ts";

/** What identifies a run: a slot of a job. */
export interface RunName {
  job: string;
  /** ISO, UTC. */
  slot: string;
}

/** A run as people write it, e.g. `refresh-data@2024-10-02T03:05Z`. */
export const formatRunName = ({ job, slot }: RunName): string => `${job}@${shortTime(slot)}`;

/** A time in UTC without seconds that are zero: `2024-10-02T03:05Z`. */
export const shortTime = (iso: string): string => new Date(iso).toISOString().replace(/(:00)?\.000Z$/, "Z");

/**
 * Reads the name of a run; a job alone is undefined's slot: the caller takes the last run.
 *
 * @throws {InputError} when it is neither.
 */
export function parseRunName(name: string): { job: string; slot?: string } {
  const [job = "", time, ...more] = name.split("@");
  if (job !== "" && more.length === 0) {
    if (time === undefined) return { job };
    const slot = parseTime(time);
    if (slot !== undefined) return { job, slot: slot.toISOString() };
  }
  throw new InputError("Not the name of a run", {
    expected: "JOB@SLOT as `deno task jobs runs` prints it, e.g. refresh-data@2024-10-02T03:05Z, " +
      "or a job's name for its last run",
    found: JSON.stringify(name),
  });
}

/** A time with its zone, or a date, which begins at midnight UTC; undefined for anything else. */
export function parseTime(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const time = new Date(text);
  // 31 February is an invalid date, or March.
  const real = !Number.isNaN(time.getTime()) &&
    new Date(`${text.slice(0, 10)}T00:00Z`).toISOString().startsWith(text.slice(0, 10));
  return real ? time : undefined;
}

/** How a try of a run ended, as its executor says it. */
export type Outcome =
  & Required<Pick<Attempt, "ended" | "reason">>
  & Pick<Attempt, "exitCode" | "peakBytes">;

/** How often a run may lose its scheduler before it is taken for what kills schedulers. */
const MOST_LOST = 5;

/**
 * The slot after a try of it; undefined when the slot has ended or the try was taken away from who ran it: then what
 * it came to does not count.
 */
export function afterAttempt(
  job: Job,
  slot: Slot,
  attempt: Attempt,
  { now, random }: { now: Date; random: Random },
): Slot | undefined {
  if (slot.endedAt !== undefined || slot.attempts.some(({ number }) => number >= attempt.number)) {
    return undefined;
  }
  const tried: Slot = { ...slot, attempts: [...slot.attempts, attempt] };
  delete tried.notBefore;
  const reason = attempt.reason!;
  const end = (status: Slot["status"], why = reason): Slot => ({
    ...tried,
    status,
    reason: why,
    endedAt: now.toISOString(),
  });
  switch (attempt.ended!) {
    case "succeeded":
      return isLate(job, slot, now)
        ? end("late", `${reason}, but more than ${job.slaMinutes} minutes after it was due`)
        : end("succeeded");
    case "cancelled":
      return end("failed", slot.cancelledBy ? `cancelled by ${slot.cancelledBy.by}` : reason);
    case "replaced":
      return end("replaced");
    case "handed over":
      return { ...tried, status: "queued", reason };
    case "lost": {
      const lost = since(tried).filter(({ ended }) => ended === "lost").length;
      if (slot.cancelledBy !== undefined) return end("failed", `cancelled by ${slot.cancelledBy.by}`);
      return lost < MOST_LOST
        ? { ...tried, status: "queued", reason }
        : end("failed", `${lost} schedulers died while they ran it; the last one: ${reason}`);
    }
    case "failed":
    case "timed out": {
      const failures = since(tried).filter(({ ended }) => ended === "failed" || ended === "timed out").length;
      if (failures > job.retries.most) return end("failed");
      const notBefore = new Date(now.getTime() + retryDelayMs(job.retries, failures, random)).toISOString();
      return {
        ...tried,
        status: "queued",
        notBefore,
        reason: `${reason}; retry ${failures} of ${job.retries.most} at ${shortTime(notBefore)}`,
      };
    }
  }
}

/** The tries since a person asked for the run the last time. */
const since = ({ attempts, requestedBy }: Slot) =>
  attempts.filter(({ startedAt }) => requestedBy === undefined || startedAt >= requestedBy.at);

/** Whether a slot that succeeds at `now` does so after its SLA. Runs that people ask for have none. */
export function isLate(job: Pick<Job, "slaMinutes">, { slot, trigger }: Slot, now: Date): boolean {
  return job.slaMinutes !== undefined && trigger !== "manual" && trigger !== "backfill" &&
    now.getTime() > Date.parse(slot) + job.slaMinutes * 60_000;
}

/** Exponential backoff, of which half is left to chance: those that failed together don't return together. */
function retryDelayMs(
  { firstDelaySeconds, maxDelaySeconds }: Retries,
  failures: number,
  random: Random,
): number {
  const longest = Math.min(firstDelaySeconds * 2 ** (failures - 1), maxDelaySeconds) * 1000;
  return Math.round(longest * (0.5 + 0.5 * random()));
}

/** So much the clocks of schedulers may differ, which nobody needs to hear of. */
export const CLOCK_TOLERANCE_MS = 2 * 60 * 1000;

/**
 * When the next try of a slot is due, if it has to wait for it. A time that is further away than any wait of the job
 * was written by a clock that ran ahead, and counts for nothing.
 */
export function retryAt({ retries }: Job, { notBefore }: Slot, now: Date): Date | undefined {
  if (notBefore === undefined) return undefined;
  const wait = Date.parse(notBefore) - now.getTime();
  return wait > 0 && wait <= retries.maxDelaySeconds * 1000 + CLOCK_TOLERANCE_MS
    ? new Date(notBefore)
    : undefined;
}

/** How a slot ended. Each slot that was due ends in one of these, with a reason. */
export type FinalStatus =
  | "succeeded"
  /** Succeeded, but after its SLA. */
  | "late"
  | "failed"
  /** It was not run: paused, overlapping, or what it depends on did not succeed. */
  | "skipped"
  /** A later slot took its place while it ran. */
  | "replaced"
  /** No scheduler ran when it was due, and its job does not catch up with it. */
  | "missed";

/** What a slot that has not ended is doing. */
type OpenStatus =
  /** For the jobs it depends on. */
  | "waiting"
  /** To be started as soon as its pool, its own job and the time of a retry allow. */
  | "queued"
  | "running";

export type SlotStatus = OpenStatus | FinalStatus;

/** Every status that a slot can end in. */
export const FINAL_STATUSES: readonly FinalStatus[] = [
  "succeeded",
  "late",
  "failed",
  "skipped",
  "replaced",
  "missed",
];
/** Every status of a slot that has not ended. */
export const OPEN_STATUSES: readonly OpenStatus[] = ["waiting", "queued", "running"];

/** Why a slot exists. */
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

/** What one try of a run came to. */
export interface Attempt {
  /** From 1; also the fencing token: whoever holds an older number has no say any more. */
  number: number;
  /** Host, process and incarnation of the scheduler. */
  owner: string;
  startedAt: string;
  finishedAt?: string;
  /** `handed over` and `lost` (its scheduler died) don't count as failures. */
  ended?: "succeeded" | "failed" | "timed out" | "cancelled" | "replaced" | "handed over" | "lost";
  reason?: string;
  exitCode?: number;
  /** Largest resident memory of its processes, in bytes; where the system tells. */
  peakBytes?: number;
}

/** The ledger's entry for one slot of a job. Times are ISO, UTC. */
export interface Slot {
  job: string;
  /** The time it stands for, which is when it was due; never when it ran. */
  slot: string;
  trigger: Trigger;
  /** The data it is about: from (inclusive) to (exclusive). */
  interval: { from: string; to: string };
  status: SlotStatus;
  /** Why it is so, in a sentence. */
  reason: string;
  /** When it was entered. */
  enteredAt: string;
  /** Names of the steps that are done. */
  stepsDone: string[];
  /** The tries so far, the oldest first. */
  attempts: Attempt[];
  /** Not to be started before: the end of a retry's wait. */
  notBefore?: string;
  requestedBy?: Request;
  /** Jobs that it depends on and that had not succeeded when a person asked to run it all the same, with why. */
  unmet?: string[];
  cancelledBy?: Request;
  /** Of a slot that was skipped: the job that it depends on and that did not succeed. */
  blockedBy?: string;
  /** When it ended. */
  endedAt?: string;
}

/** Whether a status is one that nothing follows. */
export function isFinal(status: SlotStatus): status is FinalStatus {
  return (FINAL_STATUSES as readonly string[]).includes(status);
}

/** Whether a slot has not ended. */
export const isOpen = ({ status }: Pick<Slot, "status">): boolean => !isFinal(status);

/** It did what it was for. */
export const hasSucceeded = ({ status }: Pick<Slot, "status">): boolean =>
  status === "succeeded" || status === "late";

/** One try of a run, for whoever executes it. */
export interface Execution {
  job: Job;
  /** The slot as it was when the try began. */
  slot: Slot;
  /** Number of the try. */
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

/** Why a try is ended from outside. */
export type StopReason =
  /** By a person. */
  | "cancelled"
  /** A later slot takes its place. */
  | "replaced"
  /** The scheduler stops, and another one goes on with it. */
  | "handed over"
  /** The scheduler lost its lease: another one has it already. */
  | "lost";

/** The outcome of a try that was ended from outside. */
export function stopped(reason: StopReason): Outcome {
  const reasons: Record<StopReason, string> = {
    cancelled: "cancelled",
    replaced: "a later slot took its place",
    "handed over": "its scheduler was stopped and handed it over",
    lost: "its scheduler was taken for dead",
  };
  return { ended: reason, reason: reasons[reason] };
}
