/** Jobs as data, when they are due, and their runs: each in its own process, each in the ledger. */
export { defineJobs, type Job, type JobRules } from "./job.ts";
export { nextDue } from "./cron_expression.ts";
export { type JobContext, runJob } from "./run_job.ts";
export { type JobRun, type JobStatus, listJobRuns } from "./job_run.ts";
export { type Lease, type LeaseOptions, takeLease } from "./lease.ts";
export type { ProgramCall } from "./child_process.ts";
