/**
 * What a program needs that only runs notebooks. It starts faster than with `mod.ts`, which also brings what draws
 * pages.
 */
export type { ExecuteOptions, RunContext } from "./execute_notebook.ts";
export type { Parameters } from "./parameters.ts";
export { type Rerun, rerunNotebook } from "./rerun_notebook.ts";
export { runNotebook, type RunOptions } from "./run_notebook.ts";
export { type NotebookRun, snapshotRead } from "./run_record.ts";
