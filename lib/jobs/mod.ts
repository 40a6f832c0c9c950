/** Scheduled jobs, their runs and the ledger that records them. */
export { nextDue } from "./cron.ts";
export {
  type Attempt,
  type Execute,
  type Execution,
  FINAL_STATUSES,
  type FinalStatus,
  formatRunName,
  hasSucceeded,
  isFinal,
  isOpen,
  OPEN_STATUSES,
  type Outcome,
  parseRunName,
  parseTime,
  type Request,
  type Run,
  type RunName,
  type RunStatus,
  shortTime,
  type ShownStatus,
  shownStatus,
  stopped,
  type StopReason,
} from "./run.ts";
export { createJobMetrics } from "./metrics.ts";
export { findOldLogs, type OldLogs } from "./ledger/old_logs.ts";
export { type JobState, type Ledger, openLedger, withRunning } from "./ledger/ledger.ts";
export { dayIn, pageIn } from "./ledger/keys.ts";
export { type Definitions, readDefinitions, type RemovedJob, saveDefinitions } from "./ledger/definitions.ts";
export { latestRuns } from "./ledger/dependencies.ts";
export { cancelRun, pauseJob, resumeJob, triggerRun } from "./requests/trigger.ts";
export {
  type Backfill,
  type BackfillDependencies,
  type BackfillRange,
  plannedBackfill,
  requestBackfill,
} from "./requests/backfill.ts";
export { type Job, type JobDeclaration, type Pools, type Step, stepName } from "./job.ts";
export { defineJobs, type JobSet } from "./define_jobs.ts";
