/**
 * Notebooks without Python: read, parameterised and run in the Deno kernel, kept with the record of their run, and
 * published as pages. Notebooks themselves import `shopflow/notebook/kernel.ts`.
 */
export { cleanNotebook } from "./clean_notebook.ts";
export { readExecuted } from "./executed_file.ts";
export { findJupyterLab, labEnvironment, registerKernel } from "./lab.ts";
export type { Notebook } from "./nbformat.ts";
export { formatNotebook, parseNotebook, readNotebook, readNotebookText } from "./notebook_file.ts";
export {
  describeParameters,
  injectParameters,
  type ParameterDeclaration,
  type Parameters,
  parseAssignments,
  readParameters,
} from "./parameters.ts";
export {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type LastSale,
  type ParameterRules,
  readParameterRules,
} from "./parameter_rules.ts";
export { type FileChange, replaceFiles } from "./replace_files.ts";
export { type Page, type PageOptions, renderPage } from "./render/page.ts";
export { type PdfOptions, renderPdf } from "./render/pdf.ts";
export { servedPagePolicy } from "./render/page_policy.ts";
export {
  type CurrentReport,
  currentReport,
  listReports,
  notebookPath,
  noteRemoved,
  noteStarted,
  publishReport,
  readReport,
  readReportNotebook,
  type Report,
  reportNames,
} from "./reports.ts";
export { oneLine, type UnpublishedRun } from "./unpublished_run.ts";
export type { ExecuteOptions, RunContext } from "./execute_notebook.ts";
export { runNotebook, type RunOptions } from "./run_notebook.ts";
export { RecordedFailure } from "./recorded_failure.ts";
export { type Rerun, rerunNotebook } from "./rerun_notebook.ts";
export { findRun, listRuns } from "./find_runs.ts";
export { type CellDifference, compareOutputs } from "./compare_outputs.ts";
export {
  type ExecutedNotebook,
  type NotebookRun,
  type RunRecord,
  runStatus,
  snapshotRead,
} from "./run_record.ts";
