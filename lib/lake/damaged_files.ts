import { LakeError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ObjectStore } from "./object_store.ts";
import type { TableFile } from "./snapshots.ts";

/** Whether the store's file holds the bytes that were written. */
export async function isWhole(store: ObjectStore, file: Pick<TableFile, "key" | "sha256">): Promise<boolean> {
  return await fileSha256(await store.localPath(file.key)) === file.sha256;
}

/**
 * For who could not read some of these files: reads all of them, which takes a while.
 *
 * @param remedy what to do about a damaged one.
 * @throws {LakeError} that names the first file whose bytes are not those that were written.
 */
export async function refuseDamaged(
  store: ObjectStore,
  files: TableFile[],
  { remedy, cause }: { remedy: string; cause: unknown },
): Promise<void> {
  for (const file of files) {
    if (await isWhole(store, file)) continue;
    throw new LakeError(`The file ${file.key} of the lake ${store.url} is damaged`, {
      expected: `the bytes that were written (sha256 ${file.sha256.slice(0, 16)}…)`,
      found: "others",
      remedy,
      cause,
    });
  }
}

/** SHA-256 of a local file as hexadecimal digits. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
