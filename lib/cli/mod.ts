/** What every command shares: how it ends, options, tables, colours. */
export { runCommand, withLogLevel } from "./run_command.ts";
export { monthSpans, textTable } from "./text_table.ts";
export { givenFile, givenFiles, wholeNumber, writeOutputFile } from "./files.ts";
export { Table } from "./html_table.tsx";
