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
export type OpenStatus =
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
