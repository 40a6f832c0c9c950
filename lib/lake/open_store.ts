import type { Config } from "shopflow/config/mod.ts";
import { join } from "node:path";
import { createDirectoryStore } from "./directory_store.ts";
import type { ObjectStore } from "./object_store.ts";
import { isS3Url } from "./s3_location.ts";

/** The settings that say where the lake is. */
export type LakeConfig = Pick<Config, "home" | "lakeUrl" | "cacheBytes">;

/** A name that no other program uses: `SHOPFLOW_HOME` may be a folder that has a `cache` already, as `/var` has. */
const CACHE = join("cache", "shopflow_lake");

/** Opens the lake's home: a folder, or a bucket in S3 with its read cache under `SHOPFLOW_HOME`. */
export function openStore(
  { home, lakeUrl, cacheBytes }: LakeConfig,
  env: Record<string, string | undefined> = Deno.env.toObject(),
): ObjectStore {
  if (!isS3Url(lakeUrl)) return createDirectoryStore(lakeUrl);
  return loadedWhenUsed(lakeUrl, async () => {
    const { createS3Store } = await import("./s3_store.ts");
    return createS3Store(lakeUrl, { env, cache: { folder: join(home, CACHE), maxBytes: cacheBytes } });
  });
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
    putIfMatch: async (key, body, etag, options) => (await store()).putIfMatch(key, body, etag, options),
    moveIn: async (key, path) => (await store()).moveIn(key, path),
    localPath: async (key) => (await store()).localPath(key),
    stat: async (key) => (await store()).stat(key),
    list: async (prefix) => (await store()).list(prefix),
    delete: async (key, options) => (await store()).delete(key, options),
    unfinishedWrites: async () => await (await store()).unfinishedWrites?.() ?? [],
  };
}
