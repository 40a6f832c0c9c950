import { LakeError } from "shopflow/errors/mod.ts";
import { LEASE_MS, takeCollectionLease } from "./collection_lease.ts";
import { findGarbage, type Garbage, oldUnfinished, type Retention } from "./garbage.ts";
import type { ObjectStore } from "./object_store.ts";
import { readPointer } from "./snapshot_pointer.ts";

const BATCH = 50;

/** What a collection would delete; nothing is changed. Undefined in a lake where nothing was published. */
export async function plannedGarbage(
  store: ObjectStore,
  retention: Retention,
  now: Date,
): Promise<Garbage | undefined> {
  const pointer = await readPointer(store);
  return pointer && await findGarbage(store, pointer.value, checked(retention), now);
}

/**
 * Deletes what no kept snapshot and no extract names: manifests first, then files, so that a crash leaves files
 * without a manifest and never the reverse. While it works the pointer says so: a publish or rollback waits, then
 * looks whether its files are there, and only then moves the pointer.
 *
 * @param options.leaseMs Nothing more is deleted when this could not be said for so long.
 * @returns What was deleted; undefined where nothing was published, and nothing left behind.
 * @throws {LakeError} when another run moved the pointer meanwhile; what is not deleted yet stays.
 */
export async function collectGarbage(
  store: ObjectStore,
  retention: Retention,
  now: () => Date,
  { leaseMs = LEASE_MS }: { leaseMs?: number } = {},
): Promise<Garbage | undefined> {
  checked(retention);
  // First, since nothing names them: where the disk is full the pointer can only be written after that.
  const unfinished = await oldUnfinished(store, retention, now());
  for (const write of unfinished) await write.remove();
  const lease = await takeCollectionLease(store, leaseMs);
  if (lease === undefined) {
    return unfinished.length === 0 ? undefined : { kept: [], manifests: [], files: [], unfinished };
  }
  let garbage: Garbage;
  try {
    const { pointer } = lease;
    garbage = await lease.holdWhile(() => findGarbage(store, pointer, retention, now()));
    for (const group of [garbage.manifests, garbage.files]) {
      for (let from = 0; from < group.length; from += BATCH) {
        const batch = group.slice(from, from + BATCH);
        await lease.holdWhile((signal) => allSettled(batch.map(({ key }) => store.delete(key, { signal }))));
      }
    }
  } catch (error) {
    // What went wrong is the thing to hear of; others wait until they see that the note stands still.
    await lease.release().catch(() => {});
    throw error;
  }
  await lease.release();
  return { ...garbage, unfinished };
}

/** Waits for all of them, also when one fails: a deletion that goes on needs the lease. */
async function allSettled(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}

function checked(retention: Retention): Retention {
  const { keep, minimumAgeMs } = retention;
  if (Number.isInteger(keep) && keep >= 1 && minimumAgeMs >= 0) return retention;
  throw new LakeError("Not a retention", {
    expected: "at least one snapshot to keep, and an age of zero or more",
    found: `keep ${keep}, age ${minimumAgeMs} ms`,
  });
}
