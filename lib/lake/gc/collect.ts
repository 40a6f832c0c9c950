import { isDiskFull, LakeError } from "shopflow/errors/mod.ts";
import { LEASE_MS, takeCollectionLease } from "./lease.ts";
import { findGarbage, type Garbage, oldUnfinished, type Retention } from "./garbage.ts";
import type { ObjectStore } from "../store/object_store.ts";
import { readPointer } from "../pointer.ts";
import { openWriteRecord, type WriteRecord } from "./write_records.ts";

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
 * Deletes what this lake wrote and no kept snapshot and no extract names: manifests first, then files, so that a crash
 * leaves files without a manifest and never the reverse. While it works the pointer says so: a publish or rollback
 * waits, then looks whether its files are there, and only then moves the pointer.
 *
 * @param options.leaseMs Nothing more is deleted once the lease could not be renewed for so long.
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
  // First, since nothing names them: they free space where the disk is full.
  const unfinished = await oldUnfinished(store, retention, now());
  for (const write of unfinished) await write.remove();
  const lease = await takeCollectionLease(store, leaseMs);
  if (lease === undefined) {
    return unfinished.length === 0
      ? undefined
      : { kept: [], manifests: [], files: [], records: [], unfinished, foreign: [] };
  }
  let garbage: Garbage;
  try {
    const { pointer } = lease;
    garbage = await lease.holdWhile(() => findGarbage(store, pointer, retention, now()));
    const note = openWriteRecord(store);
    await lease.holdWhile(() => noteFiles(note, garbage));
    for (const group of [garbage.manifests, garbage.files, garbage.records]) {
      for (let from = 0; from < group.length; from += BATCH) {
        const batch = group.slice(from, from + BATCH);
        await lease.holdWhile((signal) => waitForAll(batch.map(({ key }) => store.delete(key, { signal }))));
      }
    }
    await lease.holdWhile((signal) => note.remove({ signal }));
  } catch (error) {
    // What went wrong is the thing to hear of; others wait until they see that the note stands still.
    await lease.release().catch(() => {});
    throw error;
  }
  await lease.release();
  return { ...garbage, unfinished };
}

/**
 * Records files before the manifests go that name them: the next collection knows by it that they are the lake's, if
 * this one is killed. Where the disk is full they are deleted without it; after a kill some would stay for ever.
 */
async function noteFiles(note: WriteRecord, { manifests, files }: Garbage): Promise<void> {
  if (manifests.length === 0 || files.length === 0) return;
  try {
    await note.add(files);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

/** Waits for all of them, also when one fails: a deletion that goes on needs the lease. */
async function waitForAll(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}

function checked(retention: Retention): Retention {
  const { keep, minimumAgeMs } = retention;
  if (Number.isInteger(keep) && keep >= 1 && minimumAgeMs >= 0) return retention;
  throw new LakeError("Invalid retention", {
    expected: "at least one snapshot to keep, and an age of zero or more",
    found: `keep ${keep}, age ${minimumAgeMs} ms`,
  });
}
