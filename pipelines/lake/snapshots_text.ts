import type { SnapshotSummary } from "shopflow/lake/mod.ts";
import { formatCount, formatSize, formatTime, textTable } from "../text_table.ts";

/** The list of snapshots for a terminal. */
export function snapshotsText(snapshots: SnapshotSummary[]): string {
  if (snapshots.length === 0) return "The lake has no snapshots yet. Run `deno task pipeline run transform`.";
  return textTable(
    [
      { title: " " },
      { title: "snapshot" },
      { title: "created (UTC)" },
      { title: "tables", align: "right" },
      { title: "rows", align: "right" },
      { title: "size", align: "right" },
      { title: "of it new", align: "right" },
      { title: "" },
    ],
    snapshots.map(({ id, createdAt, tables, rows, size, newSize, status }) => [
      status === "current" ? "*" : "",
      id,
      formatTime(createdAt),
      formatCount(tables),
      formatCount(rows),
      formatSize(size),
      formatSize(newSize),
      status === "kept" ? "" : status,
    ]),
  );
}
