import { LakeUnreachableError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./object_store.ts";

interface PresenceOptions {
  /** Finds out which objects were there when an earlier program looked; asked once. */
  known?: () => Promise<string[]>;
  /** Hears of the first pointer that is seen where none was known. */
  onFirstSeen?: (key: string) => Promise<void>;
  /** For how long a look that found the lake counts, in milliseconds; default 0. */
  trustMs?: number;
  /** What to do about a lake that was deleted on purpose. */
  remedy?: string;
}

/** Objects that ShopFlow replaces but never deletes: where one was, one is. */
const POINTER =
  /^(raw\/current|snapshots\/current|(models|scores|reports)\/[^/]+\/(champion|current)|runs\/schedule\/definitions)\.json$/;
/** Pointers that are looked for before a lake counts as gone: one may have been deleted by hand. */
const MOST_LOOKED_FOR = 5;

/**
 * The same store, which tells "there is no such object" from "the lake is not there": a folder whose disk is not mounted
 * is empty or missing, and what is written into it is lost to sight when the disk comes back. Once a pointer was seen,
 * an object counts as absent, and is written, only while a pointer is there.
 *
 * Its methods throw a {@linkcode LakeUnreachableError} where the lake has gone.
 */
export function guardPresence(
  store: ObjectStore,
  { known = () => Promise.resolve([]), onFirstSeen, trustMs = 0, remedy = "" }: PresenceOptions = {},
): ObjectStore {
  const seen = new Set<string>();
  let foundAt = -Infinity;
  let recalling: Promise<void> | undefined;
  const recalled = () =>
    recalling ??= (async () => {
      for (const key of await known()) seen.add(key);
    })();

  async function note(key: string): Promise<void> {
    if (!POINTER.test(key) || seen.has(key)) return;
    await recalled();
    seen.add(key);
    if (seen.size === 1) await onFirstSeen?.(key);
  }

  async function requireLake(): Promise<void> {
    await recalled();
    if (seen.size === 0 || performance.now() - foundAt < trustMs) return;
    const wanted = [...seen].slice(0, MOST_LOOKED_FOR);
    for (const key of wanted) {
      if (await store.stat(key) === undefined) continue;
      foundAt = performance.now();
      return;
    }
    // All of these may have been deleted by hand.
    for (const prefix of ["snapshots/", "raw/"]) {
      if ((await store.list(prefix)).length > 0) return;
    }
    throw new LakeUnreachableError(`The lake ${store.url} is gone`, {
      expected: `${wanted[0]}, which was there before`,
      found: "an empty place, as where a disk is not mounted",
      remedy:
        "Check that its disk is mounted, or its bucket holds what it held, and that SHOPFLOW_LAKE is right." +
        remedy,
    });
  }

  /** What was read, after a look whether the lake is there if it is nothing. */
  async function present<T>(key: string, found: T | undefined): Promise<T | undefined> {
    if (found === undefined) await requireLake();
    else await note(key);
    return found;
  }

  async function written<T>(work: () => Promise<T>): Promise<T> {
    await requireLake();
    return await work();
  }

  return {
    ...store,
    get: async (key) => await present(key, await store.get(key)),
    stat: async (key) => await present(key, await store.stat(key)),
    async list(prefix) {
      const found = await store.list(prefix);
      if (found.length === 0) await requireLake();
      for (const { key } of found) await note(key);
      return found;
    },
    async localPath(key) {
      try {
        return await store.localPath(key);
      } catch (error) {
        await requireLake();
        throw error;
      }
    },
    put: (key, body) => written(() => store.put(key, body)),
    putIfAbsent: (key, body) => written(() => store.putIfAbsent(key, body)),
    putIfMatch: (...parameters) => written(() => store.putIfMatch(...parameters)),
    moveIn: (key, path) => written(() => store.moveIn(key, path)),
    async delete(key, options) {
      await written(() => store.delete(key, options));
      seen.delete(key);
    },
  };
}
