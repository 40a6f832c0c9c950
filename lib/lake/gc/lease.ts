import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "../store/object_store.ts";
import { POINTER, type Pointer, readPointerWhenIdle } from "../pointer.ts";
import { swapJson, updateJson } from "../store/json_object.ts";

/** A collection that could not renew its lease for so long deletes nothing more. */
export const LEASE_MS = 30_000;
const RENEWALS_A_LEASE = 6;
/** A collection is what frees space where the disk is full, so it may take the space that is reserved. */
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
  let asked = moment();
  const { now, etag } = await updateJson<Pointer>(store, POINTER, (before) => {
    if (before === undefined) return undefined;
    asked = moment();
    return { ...before, collections: (before.collections ?? 0) + 1, collecting: { leaseMs, renewals: 1 } };
  }, { ...USE_RESERVE, read: () => readPointerWhenIdle(store) });
  if (now === undefined || etag === undefined) return undefined;
  const { collecting: _, ...pointer } = now;
  return createLease(store, { leaseMs, pointer, etag, asked });
}

/** @param first The pointer without the note, the tag of what was written with it, and when that was asked for. */
function createLease(
  store: ObjectStore,
  { leaseMs, pointer, ...first }: { leaseMs: number; pointer: Pointer; etag: string; asked: Moment },
): CollectionLease {
  const over = new AbortController();
  let ending: ReturnType<typeof setTimeout> | undefined;
  let held = { etag: first.etag };
  let renewals = 1;
  let sureFrom = first.asked;
  endAfterLease();

  function endAfterLease(): void {
    clearTimeout(ending);
    ending = setTimeout(() => over.abort(ranOut()), leaseMs - ageOf(sureFrom));
  }

  /** False when the pointer is another by now. */
  async function write(): Promise<boolean> {
    const asked = moment();
    // Counted, so that who watches the pointer sees each renewal.
    const next = { ...pointer, collecting: { leaseMs, renewals: ++renewals } };
    const written = await swapJson(store, POINTER, next, held, USE_RESERVE);
    if (written === undefined) return false;
    [held, sureFrom] = [written, asked];
    endAfterLease();
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
      await swapJson(store, POINTER, pointer, held, USE_RESERVE);
    },
  };
}

/** A moment by two clocks. */
type Moment = { ms: number; wall: number };

const moment = (): Moment => ({ ms: performance.now(), wall: Date.now() });

/** Milliseconds; the time that the machine slept is on the clock of the day only. */
const ageOf = ({ ms, wall }: Moment) => Math.max(performance.now() - ms, Date.now() - wall);

const overtaken = () =>
  new LakeError("Another run moved the lake's pointer while garbage was collected", {
    expected: `${POINTER} as this collection wrote it`,
    remedy: "Run `deno task lake gc` again; what it had not deleted yet is still there.",
  });

const ranOut = () =>
  new LakeError("The garbage collection could not renew its lease in time", {
    expected: `${POINTER} to be written every few seconds`,
    remedy:
      "Run `deno task lake gc` again once the lake answers; what it had not deleted yet is still there.",
  });
