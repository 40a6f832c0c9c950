import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./store/object_store.ts";
import { movePointer, readPointer } from "./pointer.ts";
import {
  currentSnapshotId,
  filesOf,
  type Manifest,
  manifestKey,
  readManifest,
  type SnapshotTable,
  storedManifests,
  type TableFile,
} from "./snapshots.ts";

/** A line in the list of snapshots. */
export interface SnapshotSummary {
  id: string;
  createdAt: string;
  tables: number;
  rows: number;
  /** Bytes of the tables' files. */
  size: number;
  /** Bytes of those files that the snapshot before did not have. */
  newSize: number;
  status: "current" | "rolled back" | "kept";
}

/** Every snapshot of a lake, the newest first. */
export async function listSnapshots(store: ObjectStore): Promise<SnapshotSummary[]> {
  const pointer = (await readPointer(store))?.value;
  const manifests = (await storedManifests(store)).manifests.map(({ manifest }) => manifest);
  manifests.sort((a, b) =>
    a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id) ? -1 : 1
  );
  let before = new Set<string>();
  const summaries = manifests.map(({ id, createdAt, tables }): SnapshotSummary => {
    const files = Object.values(tables).flatMap((table) => table.files);
    const summary: SnapshotSummary = {
      id,
      createdAt,
      tables: Object.keys(tables).length,
      rows: Object.values(tables).reduce((sum, table) => sum + table.rows, 0),
      size: files.reduce((sum, file) => sum + file.size, 0),
      newSize: files.filter(({ key }) => !before.has(key)).reduce((sum, file) => sum + file.size, 0),
      status: id === pointer?.snapshot
        ? "current"
        : pointer?.rolledBack?.includes(id)
        ? "rolled back"
        : "kept",
    };
    before = new Set(files.map((file) => file.key));
    return summary;
  });
  return summaries.reverse();
}

/**
 * The snapshot that a person means by `current`, an id, or the beginning of one that no other shares.
 *
 * @throws {LakeError} when there is none, or several.
 */
export async function findSnapshot(store: ObjectStore, name: string): Promise<string> {
  if (name === "current") return (await readManifest(store)).id;
  const ids = (await storedManifests(store)).manifests.map(({ manifest }) => manifest.id);
  const found = ids.filter((id) => id === name || (name !== "" && id.startsWith(name)));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  throw new LakeError(
    found.length === 0 ? "There is no such snapshot" : "The id matches several snapshots",
    {
      expected: "`current`, or an id that `deno task lake snapshots` lists",
      found: found.length === 0 ? JSON.stringify(name) : found.join(", "),
    },
  );
}

/** Snapshots that a rollback took back and that nothing was published after, newest last. */
export async function rolledBackSnapshots(store: ObjectStore): Promise<string[]> {
  return (await readPointer(store))?.value.rolledBack ?? [];
}

/** What a rollback did. */
interface Rollback {
  /** The snapshot that was current. */
  from: string;
  /** The one that is current now. */
  to: string;
}

/**
 * Makes a kept snapshot the current one again, by compare-and-set of the pointer. Nothing is deleted. The
 * snapshot that was current is noted as rolled back: a transform of the same inputs by the same code leaves the
 * lake as it is unless it is forced; anything new is published as before.
 *
 * @throws {LakeError} when there is no such snapshot, it is the current one, files of it are gone, or another
 *   run published meanwhile.
 */
export async function rollBack(store: ObjectStore, id: string, now: Date): Promise<Rollback> {
  const manifest = await readManifest(store, id);
  const from = await currentSnapshotId(store);
  if (from === undefined || from === id) {
    throw new LakeError("There is nothing to roll back", {
      expected: "another snapshot than the current one",
      found: from === id ? `${id}, which is current` : "a lake without a current snapshot",
    });
  }
  await movePointer(store, [manifestKey(id), ...filesOf(manifest)], (before) => {
    if (before?.snapshot !== from) {
      throw new LakeError("Another run published a snapshot at the same time", {
        expected: `${from} to be still current`,
        found: before?.snapshot ?? "none",
        remedy: "Look at `deno task lake snapshots` and decide again; the rollback changed nothing.",
      });
    }
    const rolledBack = [...(before.rolledBack ?? []), from].filter((other) => other !== id);
    return { snapshot: id, publishedAt: now.toISOString(), rolledBack };
  });
  return { from, to: id };
}

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
