/** What every command shares: how it ends, options, tables. */
export { runCommand } from "./run_command.ts";
export { monthSpans, textTable } from "./text_table.ts";
export { givenFile, givenFiles, wholeNumber, withLogLevel, writeOutputFile } from "./options.ts";
export { Table } from "./html_table.tsx";
