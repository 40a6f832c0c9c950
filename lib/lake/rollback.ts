import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./object_store.ts";
import { movePointer } from "./snapshot_pointer.ts";
import { currentSnapshotId, filesOf, manifestKey, readManifest } from "./snapshots.ts";

/** What a rollback did. */
export interface Rollback {
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
