import type { Config } from "shopflow/config/mod.ts";
import { join } from "node:path";
import { createDirectoryStore } from "./directory_store.ts";
import { guardKnownLake } from "./known_lakes.ts";
import type { ObjectStore } from "./object_store.ts";
import { isS3Url } from "./s3_location.ts";

/** The settings that say where the lake is. */
export type LakeConfig = Pick<Config, "home" | "lakeUrl" | "cacheBytes">;

/**
 * Opens the lake's home: a folder, or a bucket in S3 with its read cache under `SHOPFLOW_HOME`. A lake that was there
 * when it was opened from this `SHOPFLOW_HOME` before, and is not now, is an error of whatever is done next.
 */
export function openStore(
  { home, lakeUrl, cacheBytes }: LakeConfig,
  env: Record<string, string | undefined> = Deno.env.toObject(),
): ObjectStore {
  const store = isS3Url(lakeUrl)
    ? loadedWhenUsed(lakeUrl, async () => {
      const { createS3Store } = await import("./s3_store.ts");
      return createS3Store(lakeUrl, { env, cache: { folder: join(home, "cache"), maxBytes: cacheBytes } });
    })
    : createDirectoryStore(lakeUrl);
  return guardKnownLake(store, home);
}

/** A store whose code is loaded at its first use: Amazon's SDK takes 0.4 s, which a lake in a folder need not wait. */
function loadedWhenUsed(url: string, load: () => Promise<ObjectStore>): ObjectStore {
  let loading: Promise<ObjectStore> | undefined;
  const store = () => loading ??= load();
  return {
    url,
    get: async (key) => (await store()).get(key),
    put: async (key, body) => (await store()).put(key, body),
    putIfAbsent: async (key, body) => (await store()).putIfAbsent(key, body),
    putIfMatch: async (key, body, etag) => (await store()).putIfMatch(key, body, etag),
    moveIn: async (key, path) => (await store()).moveIn(key, path),
    localPath: async (key) => (await store()).localPath(key),
    stat: async (key) => (await store()).stat(key),
    list: async (prefix) => (await store()).list(prefix),
    delete: async (key, options) => (await store()).delete(key, options),
    unfinishedWrites: async () => await (await store()).unfinishedWrites?.() ?? [],
  };
}
