/** The scheduler: what is due, what may start, and who runs it. */
export { absentSince, aliveSchedulers, type KnownScheduler, listSchedulers } from "./lease.ts";
export { pausedText, seenRun, seenRuns } from "./seen_runs.ts";
export { createScheduler, runScheduler, type Scheduler, type SchedulerLoop } from "./scheduler.ts";
