import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "../store/object_store.ts";
import { POINTER, type Pointer, readSettledPointer, swapPointer } from "../pointer.ts";

/** A collection that did not say for so long that it is alive deletes nothing more. */
export const LEASE_MS = 30_000;
const RENEWALS_A_LEASE = 6;
const ATTEMPTS = 5;
/** A collection is what makes room where the disk is full, so it may take the room that is reserved. */
const USE_RESERVE = { useReserve: true };

/** The right to delete what the pointer does not name. Publishers wait as long as it is held. */
interface CollectionLease {
  /** The pointer, which nobody moves meanwhile. */
  readonly pointer: Pointer;
  /**
   * Does work that needs the lease, and renews it as long as that takes.
   *
   * @param work Must stop when the signal says that the lease is over.
   * @throws {LakeError} when it was lost meanwhile.
   */
  holdWhile<T>(work: (over: AbortSignal) => Promise<T>): Promise<T>;
  /** Takes the note out of the pointer; whoever moved the pointer since then has done so already. */
  release(): Promise<void>;
}

/**
 * Waits until no other collection is at work, and writes into the pointer that this one is; undefined where there is
 * no pointer.
 *
 * @throws {LakeError} when other runs move the pointer again and again.
 */
export async function takeCollectionLease(
  store: ObjectStore,
  leaseMs: number,
): Promise<CollectionLease | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readSettledPointer(store);
    if (before === undefined) return undefined;
    const { collecting: _, ...settled } = before.value;
    const pointer: Pointer = { ...settled, collections: (settled.collections ?? 0) + 1 };
    const lease = createLease(store, leaseMs, pointer, before);
    if (await lease.write()) return lease;
  }
  throw overtaken();
}

function createLease(store: ObjectStore, leaseMs: number, pointer: Pointer, before: { etag: string }) {
  const over = new AbortController();
  let ending: ReturnType<typeof setTimeout> | undefined;
  let held = before;
  let renewals = 0;
  let sureFrom = moment();

  /** False when the pointer is another by now. */
  async function write(): Promise<boolean> {
    const asked = moment();
    // Counted, so that who watches the pointer sees each renewal.
    const written = await swapPointer(store, held, {
      ...pointer,
      collecting: { leaseMs, renewals: ++renewals },
    }, USE_RESERVE);
    if (written === undefined) return false;
    [held, sureFrom] = [written, asked];
    clearTimeout(ending);
    ending = setTimeout(() => over.abort(ranOut()), leaseMs - ageOf(asked));
    return true;
  }

  async function renew(): Promise<void> {
    over.signal.throwIfAborted();
    if (await write()) return;
    over.abort(overtaken());
    throw over.signal.reason;
  }

  return {
    pointer,
    write,
    async holdWhile<T>(work: (over: AbortSignal) => Promise<T>): Promise<T> {
      const everyMs = leaseMs / RENEWALS_A_LEASE;
      // A store that cannot be reached is no reason to give up before the lease is over.
      const tryToRenew = () => renew().catch(() => {});
      if (ageOf(sureFrom) > everyMs) await tryToRenew();
      over.signal.throwIfAborted();
      let renewing: Promise<void> | undefined;
      const heart = setInterval(() => {
        renewing ??= tryToRenew().finally(() => renewing = undefined);
      }, everyMs);
      try {
        const result = await work(over.signal);
        over.signal.throwIfAborted();
        return result;
      } finally {
        clearInterval(heart);
        await renewing;
      }
    },
    async release(): Promise<void> {
      clearTimeout(ending);
      await swapPointer(store, held, pointer, USE_RESERVE);
    },
  };
}

const moment = () => ({ ms: performance.now(), wall: Date.now() });

/** Milliseconds; the time that the machine slept is on the clock of the day only. */
const ageOf = ({ ms, wall }: { ms: number; wall: number }) =>
  Math.max(performance.now() - ms, Date.now() - wall);

const overtaken = () =>
  new LakeError("Another run moved the lake's pointer while garbage was collected", {
    expected: `${POINTER} as this collection wrote it`,
    remedy: "Run `deno task lake gc` again; what it had not deleted yet is still there.",
  });

const ranOut = () =>
  new LakeError("The garbage collection could not say in time that it is still at work", {
    expected: `${POINTER} to be written every few seconds`,
    remedy:
      "Run `deno task lake gc` again once the lake answers; what it had not deleted yet is still there.",
  });
