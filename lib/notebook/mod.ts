/** Notebooks: their files, runs and reports. */
export {
  formatNotebook,
  parseNotebook,
  readNotebook,
  readNotebookText,
  replaceFiles,
} from "./format/notebook_file.ts";
export {
  describeParameters,
  type Parameters,
  parseAssignments,
  readParameters,
} from "./format/parameters.ts";
export {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type LastSale,
  type ParameterRules,
  readParameterRules,
} from "./format/parameter_rules.ts";
export { oneLine, type UnpublishedRun } from "./report/unpublished_run.ts";
export { cleanNotebook } from "./format/clean.ts";
export { findJupyterLab, labEnvironment, registerKernel } from "./lab.ts";
export { servedPagePolicy } from "./report/scripts.ts";
export { type Page, renderPage } from "./report/page.ts";
export { renderPdf } from "./report/pdf.ts";
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
  reportNames,
} from "./report/reports.ts";
