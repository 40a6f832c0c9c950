/** Metrics of jobs for Prometheus, read from their ledger. */
export { createJobMetrics, type JobMetrics } from "./job_metrics.ts";
