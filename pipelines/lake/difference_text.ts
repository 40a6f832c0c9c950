import type { TableDifference } from "shopflow/lake/mod.ts";
import type { RowDifference } from "shopflow/warehouse/mod.ts";
import { counted, formatCount, textTable } from "../text_table.ts";

/** A table's difference with its rows counted by key, where the table has one. */
export type Difference = TableDifference & { rows?: RowDifference };

/** The difference of two snapshots for a terminal. */
export function differenceText(before: string, after: string, differences: Difference[]): string {
  const changed = differences.filter(({ change }) => change !== "same");
  const same = differences.length - changed.length;
  const title = `from ${before} to ${after}`;
  if (changed.length === 0) return `${title}: all ${counted(same, "table")} are the same`;
  return [
    title,
    "",
    differenceTable(changed),
    ...changed.flatMap(({ table, change, columnsAdded, columnsRemoved }) =>
      change !== "changed" ? [] : [
        ...columnsAdded.map((column) => `${table}: column added: ${column}`),
        ...columnsRemoved.map((column) => `${table}: column removed: ${column}`),
      ]
    ),
    ...(same > 0 ? ["", `${counted(same, "table")} ${same === 1 ? "is" : "are"} the same.`] : []),
    ...(changed.some(({ rows }) => rows === undefined)
      ? ["? no key in common by which to compare rows"]
      : []),
  ].join("\n");
}

/** Tables that differ, one a line; `?` where there is no key by which to compare rows. */
export function differenceTable(changed: Difference[]): string {
  return textTable(
    [
      { title: "table" },
      { title: "change" },
      { title: "rows", align: "right" },
      { title: "+ rows", align: "right" },
      { title: "- rows", align: "right" },
      { title: "~ rows", align: "right" },
      { title: "files" },
    ],
    changed.map(({ table, change, rowsBefore, rowsAfter, rows, filesAdded, filesRemoved }) => [
      table,
      change,
      rowsBefore === rowsAfter
        ? formatCount(rowsAfter)
        : `${formatCount(rowsBefore)} → ${formatCount(rowsAfter)}`,
      ...[rows?.added, rows?.removed, rows?.changed].map((count) =>
        count === undefined ? "?" : count === 0 ? "" : formatCount(count)
      ),
      `+${filesAdded.length} -${filesRemoved.length}`,
    ]),
  );
}
