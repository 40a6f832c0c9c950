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
  shortTime,
  type ShownStatus,
  shownStatus,
  stopped,
  type StopReason,
} from "./run.ts";
export { createJobMetrics } from "./metrics.ts";
export { type Job, type JobDeclaration, type Pools, type Step, stepName } from "./job.ts";
export { defineJobs, type JobSet } from "./define_jobs.ts";
