/** Versions of notebooks: their texts for git, what changed between two of them, and their history. */
export { differencePage } from "./difference_page.ts";
export { type DifferenceNames, differenceText } from "./difference_text.ts";
export { findNotebook, type NamedNotebook, notebookAt } from "./find_notebook.ts";
export { type CommitEntry, type LogEntry, notebookLog, type RunEntry } from "./notebook_log.ts";
export { notebookText } from "./notebook_text.ts";
export {
  type CellChange,
  compareNotebooks,
  type DifferenceOptions,
  type DifferencePart,
  type NotebookDifference,
  type OutputChange,
  type ValueChange,
} from "./notebook_difference.ts";
