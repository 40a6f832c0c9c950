import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStat, ObjectStore } from "./object_store.ts";

/**
 * A store that shows the objects of `base` and keeps what is written to it in `top`, so that a run can be tried out
 * on a lake without changing it. Nothing can be deleted.
 */
export function createOverlayStore(base: ObjectStore, top: ObjectStore): ObjectStore {
  const stat = async (key: string) => await top.stat(key) ?? await base.stat(key);
  return {
    url: base.url,
    get: async (key) => await top.get(key) ?? await base.get(key),
    put: (key, body) => top.put(key, body),
    putIfAbsent: async (key, body) => await base.stat(key) ? undefined : await top.putIfAbsent(key, body),
    async putIfMatch(key, body, etag) {
      if (await top.stat(key)) return await top.putIfMatch(key, body, etag);
      return (await base.get(key))?.etag === etag ? await top.putIfAbsent(key, body) : undefined;
    },
    moveIn: (key, path) => top.moveIn(key, path),
    localPath: async (key) => await top.stat(key) ? await top.localPath(key) : await base.localPath(key),
    stat,
    async list(prefix) {
      const found = new Map<string, ObjectStat>();
      for (const store of [base, top]) {
        for (const object of await store.list(prefix)) found.set(object.key, object);
      }
      return [...found.values()].sort((a, b) => a.key < b.key ? -1 : 1);
    },
    delete(key) {
      return Promise.reject(
        new LakeError("Nothing is deleted from a lake that a run is tried out on", { found: key }),
      );
    },
  };
}
