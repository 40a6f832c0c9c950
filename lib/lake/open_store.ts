import type { Config } from "shopflow/config/mod.ts";
import { join } from "node:path";
import { createDirectoryStore } from "./directory_store.ts";
import type { ObjectStore } from "./object_store.ts";
import { isS3Url } from "./s3_location.ts";
import { createS3Store } from "./s3_store.ts";

/** The settings that say where the lake is. */
export type LakeConfig = Pick<Config, "home" | "lakeUrl" | "cacheBytes">;

/** Opens the lake's home: a folder, or a bucket in S3 with its read cache under `SHOPFLOW_HOME`. */
export function openStore(
  { home, lakeUrl, cacheBytes }: LakeConfig,
  env: Record<string, string | undefined> = Deno.env.toObject(),
): ObjectStore {
  if (!isS3Url(lakeUrl)) return createDirectoryStore(lakeUrl);
  return createS3Store(lakeUrl, { env, cache: { folder: join(home, "cache"), maxBytes: cacheBytes } });
}
