import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStat, ObjectStore, StoredObject } from "shopflow/lake/mod.ts";

/** A store in memory, for the thousands of small writes of a week that nobody needs to survive a power cut. */
export interface MemoryStore extends ObjectStore {
  /** Writes all objects to another store. */
  saveTo(store: ObjectStore): Promise<void>;
}

/** @param url For messages: where it will be saved. */
export function createMemoryStore(url: string, now: () => Date): MemoryStore {
  const objects = new Map<string, StoredObject & ObjectStat>();
  let writes = 0;

  function write(key: string, body: Uint8Array): { etag: string } {
    const etag = String(++writes);
    objects.set(key, { key, body: new Uint8Array(body), etag, size: body.length, modified: now() });
    return { etag };
  }
  const noFiles = (key: string) =>
    Promise.reject(new LakeError(`${key} has no file`, { expected: "an object of a ledger, in memory" }));

  return {
    url,
    get: (key) => Promise.resolve(objects.get(key)),
    put: (key, body) => Promise.resolve(write(key, body)),
    putIfAbsent: (key, body) => Promise.resolve(objects.has(key) ? undefined : write(key, body)),
    putIfMatch: (key, body, etag) =>
      Promise.resolve(objects.get(key)?.etag === etag ? write(key, body) : undefined),
    moveIn: noFiles,
    localPath: noFiles,
    stat: (key) => Promise.resolve(objects.get(key)),
    list: (prefix) =>
      Promise.resolve(
        [...objects.values()].filter(({ key }) => key.startsWith(prefix)).sort((a, b) =>
          a.key < b.key ? -1 : 1
        ),
      ),
    delete(key) {
      objects.delete(key);
      return Promise.resolve();
    },
    async saveTo(store) {
      for (const { key, body } of objects.values()) await store.put(key, body);
    },
  };
}
