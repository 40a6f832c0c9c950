import type { QuarantinedRun, Row } from "shopflow/warehouse/mod.ts";
import { formatCount, formatTime, textTable } from "../text_table.ts";

/** What data tests blocked, for a terminal: one line a run and test. */
export function quarantineText(runs: QuarantinedRun[]): string {
  if (runs.length === 0) return "The quarantine is empty: no data test has blocked a publish.";
  return [
    textTable(
      [{ title: "run" }, { title: "blocked at (UTC)" }, { title: "rows", align: "right" }, {
        title: "data test",
      }],
      runs.flatMap(({ run, createdAt, tests }) =>
        tests.map(({ name, failures }) => [run, formatTime(createdAt), formatCount(failures), name])
      ),
    ),
    "",
    "`deno task lake quarantine RUN TEST` shows the rows of a test; the files are beneath quarantine/ in the lake.",
  ].join("\n");
}

/** Rows of a test in quarantine, for a terminal. */
export function quarantinedRowsText(rows: Row[], most = 50): string {
  if (rows.length === 0) return "no rows";
  const columns = Object.keys(rows[0]!);
  const shown = rows.slice(0, most).map((row) => columns.map((column) => String(row[column] ?? "")));
  const more = rows.length > most
    ? `\n${formatCount(rows.length - most)} more rows: ask for fewer with --query`
    : "";
  return textTable(columns.map((title) => ({ title })), shown) + more;
}
