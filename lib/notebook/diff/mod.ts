/** What changed between two versions of a notebook. */
export { compareNotebooks, type DifferencePart } from "./difference.ts";
export { differenceText } from "./text.ts";
export { differencePage } from "./page.ts";
export { findNotebook, notebookAt, notebookText } from "./git.ts";
export { mergeNotebooks } from "./merge.ts";
export { type LogEntry, notebookLog, type RunEntry } from "./log.ts";
