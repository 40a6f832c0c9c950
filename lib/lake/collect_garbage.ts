import { LakeError } from "shopflow/errors/mod.ts";
import { findGarbage, type Garbage, oldUnfinished, type Retention } from "./garbage.ts";
import type { ObjectStore } from "./object_store.ts";
import { POINTER, type Pointer, readPointer, readSettledPointer, swapPointer } from "./snapshot_pointer.ts";

/** How long publishers wait for a collection that died. */
const LEASE_MS = 60_000;
/** How old the lease gets before it is renewed. */
const RENEWAL_MS = 10_000;
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
 * @returns What was deleted; undefined where nothing was published, and nothing left behind.
 * @throws {LakeError} when another run moved the pointer meanwhile; what is not deleted yet stays.
 */
export async function collectGarbage(
  store: ObjectStore,
  retention: Retention,
  now: () => Date,
): Promise<Garbage | undefined> {
  checked(retention);
  // First, since nothing names them: where the disk is full the pointer can only be written after that.
  const unfinished = await oldUnfinished(store, retention, now());
  for (const write of unfinished) await write.remove();
  const lease = await takeLease(store, now);
  if (lease === undefined) {
    return unfinished.length === 0 ? undefined : { kept: [], manifests: [], files: [], unfinished };
  }
  try {
    const garbage = await findGarbage(store, lease.pointer, retention, now());
    await lease.renew();
    for (const group of [garbage.manifests, garbage.files]) {
      for (let from = 0; from < group.length; from += BATCH) {
        if (lease.age() > RENEWAL_MS) await lease.renew();
        const batch = group.slice(from, from + BATCH);
        await lease.holdWhile(() => Promise.all(batch.map(({ key }) => store.delete(key))));
      }
    }
    return { ...garbage, unfinished };
  } finally {
    await lease.release();
  }
}

/** The right to delete, written into the pointer; undefined where there is no pointer. */
async function takeLease(store: ObjectStore, now: () => Date) {
  const before = await readSettledPointer(store, now());
  if (before === undefined) return undefined;
  const { collectingUntil: _, ...settled } = before.value;
  const pointer: Pointer = { ...settled, collections: (settled.collections ?? 0) + 1 };
  let taken = now().getTime();
  let held = before;
  const renew = async () => {
    taken = now().getTime();
    const collectingUntil = new Date(taken + LEASE_MS).toISOString();
    const written = await swapPointer(store, held, { ...pointer, collectingUntil });
    if (written === undefined) throw overtaken();
    held = written;
  };
  /** Renews the lease while a deletion goes on that the store may try for minutes. */
  const holdWhile = async (work: () => Promise<unknown>) => {
    let renewing: Promise<void> | undefined;
    let problem: { cause: unknown } | undefined;
    const heart = setInterval(() => {
      renewing ??= renew().catch((cause) => void (problem ??= { cause })).finally(() => renewing = undefined);
    }, RENEWAL_MS);
    try {
      await work();
    } finally {
      clearInterval(heart);
      await renewing;
    }
    if (problem !== undefined) throw problem.cause;
  };
  await renew();
  return {
    pointer,
    renew,
    holdWhile,
    /** Milliseconds since it was taken or renewed. */
    age: () => now().getTime() - taken,
    /** Whoever moved the pointer since then has ended the lease already. */
    release: async () => void await swapPointer(store, held, pointer),
  };
}

const overtaken = () =>
  new LakeError("Another run moved the lake's pointer while garbage was collected", {
    expected: `${POINTER} as this collection wrote it`,
    remedy: "Run `deno task lake gc` again; what it had not deleted yet is still there.",
  });

function checked(retention: Retention): Retention {
  const { keep, minimumAgeMs } = retention;
  if (Number.isInteger(keep) && keep >= 1 && minimumAgeMs >= 0) return retention;
  throw new LakeError("Not a retention", {
    expected: "at least one snapshot to keep, and an age of zero or more",
    found: `keep ${keep}, age ${minimumAgeMs} ms`,
  });
}
