import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { replaces } from "./overlap.ts";
import type { ActiveRun } from "./run_slot.ts";
import type { SchedulerLease, SchedulerWatch } from "./scheduler_lease.ts";
import type { Slot } from "./slot.ts";

export interface AttendOptions {
  ledger: Ledger;
  watch: SchedulerWatch;
  lease: SchedulerLease;
  /** The run of the job that this scheduler holds. */
  mine: ActiveRun | undefined;
}

/**
 * Looks after a slot of a job that runs: this scheduler's own run is ended when somebody cancelled it or a later slot
 * takes its place.
 *
 * @param open All open slots of the job.
 * @returns `orphaned` when nobody has it any more, so that it is to be taken over.
 */
export async function attendRun(
  job: Job,
  running: Slot,
  open: Slot[],
  { ledger, watch, lease, mine }: AttendOptions,
): Promise<"goes on" | "orphaned"> {
  if (mine !== undefined && mine.slot.slot === running.slot) {
    if (running.cancelledBy !== undefined) mine.stop("cancelled");
    else if (job.overlap === "replace" && open.some((other) => replaces(other, running))) {
      mine.stop("replaced");
    }
    return "goes on";
  }
  const { scheduler } = ledger.control(job.name).known!.running!;
  // One of this scheduler that it does not hold: the lake failed in the middle of its start.
  return scheduler === lease.id || await watch.isGone(scheduler) ? "orphaned" : "goes on";
}
