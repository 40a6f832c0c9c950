/** The ledger: the run history and the state of every job, and the jobs as schedulers know them. */
export { findOldLogs } from "./old_logs.ts";
export { type JobState, type Ledger, openLedger, withRunning } from "./ledger.ts";
export { pageIn } from "./keys.ts";
export { type Definitions, readDefinitions, type RemovedJob, saveDefinitions } from "./definitions.ts";
export { latestRuns } from "./dependencies.ts";
