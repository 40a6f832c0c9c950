import type { Manifest, SnapshotTable, TableFile } from "./snapshots.ts";

/** How a table differs between two snapshots, as their manifests tell without reading any file. */
export interface TableDifference {
  table: string;
  change: "added" | "removed" | "changed" | "same";
  rowsBefore: number;
  rowsAfter: number;
  /** Columns as `name type`. */
  columnsAdded: string[];
  columnsRemoved: string[];
  filesAdded: TableFile[];
  filesRemoved: TableFile[];
}

/** Differences of all tables of two snapshots, by name. */
export function compareSnapshots(before: Manifest, after: Manifest): TableDifference[] {
  const names = new Set([...Object.keys(before.tables), ...Object.keys(after.tables)]);
  return [...names].sort().map((table) => compareTables(table, before.tables[table], after.tables[table]));
}

const NONE: SnapshotTable = { columns: [], rows: 0, files: [] };

function compareTables(
  table: string,
  before: SnapshotTable | undefined,
  after: SnapshotTable | undefined,
): TableDifference {
  const a = before ?? NONE, b = after ?? NONE;
  const columns = [a, b].map((side) => side.columns.map(({ name, type }) => `${name} ${type}`)) as [
    string[],
    string[],
  ];
  const difference = {
    columnsAdded: columns[1].filter((column) => !columns[0].includes(column)),
    columnsRemoved: columns[0].filter((column) => !columns[1].includes(column)),
    filesAdded: filesOnlyIn(b, a),
    filesRemoved: filesOnlyIn(a, b),
  };
  const same = Object.values(difference).every((list) => list.length === 0);
  const change = before === undefined ? "added" : after === undefined ? "removed" : same ? "same" : "changed";
  return { table, change, rowsBefore: a.rows, rowsAfter: b.rows, ...difference };
}

/** Files are known by their content: equal ones may have different names. */
function filesOnlyIn(one: SnapshotTable, other: SnapshotTable): TableFile[] {
  const known = new Set(other.files.map((file) => file.sha256));
  return one.files.filter((file) => !known.has(file.sha256));
}
