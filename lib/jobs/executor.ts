import type { Lease } from "shopflow/runtime/mod.ts";
import type { Job } from "./job.ts";
import type { Outcome } from "./outcome.ts";
import type { Slot } from "./slot.ts";

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
