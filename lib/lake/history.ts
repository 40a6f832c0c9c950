import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./store/object_store.ts";
import { movePointer, readPointer } from "./pointer.ts";
import { currentSnapshotId, filesOf, manifestKey, readManifest, storedManifests } from "./snapshots.ts";

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
        : pointer?.withdrawn?.includes(id)
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
  if (found.length === 1) return found[0]!;
  throw new LakeError(found.length === 0 ? "There is no such snapshot" : "Several snapshots start so", {
    expected: "`current`, or an id that `deno task lake snapshots` lists",
    found: found.length === 0 ? JSON.stringify(name) : found.join(", "),
  });
}

/** Snapshots that a rollback took back and that nothing was published after, newest last. */
export async function withdrawnSnapshots(store: ObjectStore): Promise<string[]> {
  return (await readPointer(store))?.value.withdrawn ?? [];
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
 * snapshot that was current is noted as withdrawn: a transform of the same inputs by the same code leaves the
 * lake as it is until it is told to publish it all the same; anything new is published as ever.
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
        expected: `${from} to be current still`,
        found: before?.snapshot ?? "none",
        remedy: "Look at `deno task lake snapshots` and decide anew; the rollback changed nothing.",
      });
    }
    const withdrawn = [...(before.withdrawn ?? []), from].filter((other) => other !== id);
    return { snapshot: id, publishedAt: now.toISOString(), withdrawn };
  });
  return { from, to: id };
}
