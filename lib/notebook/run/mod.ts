/** Running notebooks and their records, for commands that start fast. */
export {
  type ExecutedNotebook,
  type NotebookRun,
  RecordedFailure,
  repositoryState,
  type RunRecord,
  runStatus,
  snapshotRead,
} from "./record.ts";
export { runMetrics } from "./metrics.ts";
export type { ExecuteOptions } from "./execute_notebook.ts";
export { runNotebook } from "./run_notebook.ts";
export { type Rerun, rerunNotebook } from "./rerun.ts";
export { findRun, listRuns, readExecuted } from "./find_runs.ts";
