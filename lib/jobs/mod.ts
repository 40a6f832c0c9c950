/** Jobs as data, the ledger of what became of each of their slots, and the scheduler that keeps it. */
export { defineJobs, type JobRules, type JobSet } from "./define_jobs.ts";
export * from "./job.ts";
export { nextDue } from "./cron_expression.ts";
export { type Control, type Ledger, openLedger, type Running, withRunning } from "./ledger.ts";
export type { Page, SlotPage } from "./slot_page.ts";
export * from "./slot.ts";
export { formatRunName, parseRunName, parseTime, type RunName, shortTime } from "./run_name.ts";
export { createScheduler, type Scheduler, type SchedulerOptions } from "./scheduler.ts";
export { type LoopOptions, runScheduler, type SchedulerLoop } from "./scheduler_loop.ts";
export { type Execute, type Execution, stopped, type StopReason } from "./executor.ts";
export type { Outcome } from "./outcome.ts";
export { type Definitions, readDefinitions, type RemovedJob, saveDefinitions } from "./definitions.ts";
export {
  type Backfill,
  type BackfillDependencies,
  type BackfillRange,
  plannedBackfill,
  requestBackfill,
} from "./backfill.ts";
export { pauseJob, requestCancel, requestRun, resumeJob } from "./operations.ts";
export { type LatestOptions, latestSlots } from "./latest_slots.ts";
export { type KnownScheduler, listSchedulers, livingSchedulers } from "./living_schedulers.ts";
export { dayIn, pagesFolder } from "./ledger_keys.ts";
export { type BesidePages, findBesidePages } from "./beside_pages.ts";
