/** What people ask for: runs, backfills, cancellations and pauses. */
export { cancelRun, pauseJob, resumeJob, runsWhilePaused, triggerRun } from "./trigger.ts";
export {
  type Backfill,
  type BackfillDependencies,
  type BackfillRange,
  plannedBackfill,
  requestBackfill,
} from "./backfill.ts";
