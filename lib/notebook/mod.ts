/** Notebook files: reading, writing, parameters; and JupyterLab on them. Runs, reports, diffs and promotions: the modules below. */
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
  unreadLines,
} from "./format/parameters.ts";
export {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type LastSale,
} from "./format/parameter_rules.ts";
export {
  checkReport,
  type DeclaredReport,
  declaresReport,
  readReport,
  type ReportDeclaration,
} from "./format/report_declaration.ts";
export { cleanNotebook } from "./format/clean.ts";
export { readBusiness } from "./business_file.ts";
export { guardLockFile } from "./kernel/lock_file.ts";
export { findJupyterLab, labEnvironment, registerKernel } from "./lab.ts";
