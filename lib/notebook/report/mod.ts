/** Runs as pages, and the reports that are published of them. */
export { oneLine, type UnpublishedRun } from "./unpublished_run.ts";
export { servedPagePolicy, sharedChartScript, withSharedScript } from "./scripts.ts";
export { type Page, renderPage, reportTexts } from "./page.ts";
export {
  compareRunOutputs,
  type OutputComparison,
  publishedRun,
  readReportTable,
  type ReportHistory,
  reportHistory,
} from "./history.ts";
export { type TableData, tableToCsv } from "./content/tables.ts";
export { renderPdf } from "./pdf.ts";
export {
  type CurrentReport,
  currentReport,
  listReports,
  markNotebookRemoved,
  markRunStarted,
  notebookPath,
  publishReport,
  readReport,
  readReportNotebook,
  reportNames,
} from "./reports.ts";
export type { Report } from "./report_record.ts";
