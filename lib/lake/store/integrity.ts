import { LakeError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ObjectStore } from "./object_store.ts";
import { isS3Url } from "./s3/failures.ts";

/** An immutable file of the lake, and the hash of what was written. */
interface HashedFile {
  key: string;
  sha256: string;
}

/** Whether the store's file holds the bytes that were written. */
export async function isIntact(
  store: ObjectStore,
  file: HashedFile,
): Promise<boolean> {
  return await fileSha256(await store.localPath(file.key)) === file.sha256;
}

/**
 * Reads all of these files, some of which could not be read.
 *
 * @param remedy what to do about a damaged one.
 * @throws {LakeError} that names the first file whose bytes are not those that were written.
 */
export async function assertIntact(
  store: ObjectStore,
  files: HashedFile[],
  { remedy, cause }: { remedy: string; cause: unknown },
): Promise<void> {
  for (const file of files) {
    if (await isIntact(store, file)) continue;
    throw new LakeError(`The file ${file.key} of the lake ${store.url} is damaged`, {
      expected: `the bytes that were written (sha256 ${file.sha256.slice(0, 16)}…)`,
      found: "others",
      remedy,
      cause,
    });
  }
}

/**
 * A local path with the file's content, after all of it was read and compared with the hash that was noted when it was
 * written.
 *
 * @param remedy what to do about a file that was changed.
 * @throws {LakeError} when it was changed, or is missing.
 */
export async function verifiedPath(
  store: ObjectStore,
  { key, sha256 }: HashedFile,
  remedy: string,
): Promise<string> {
  const path = await store.localPath(key);
  const { size, mtime, ino } = await Deno.stat(path);
  const state = `${size} ${mtime?.getTime()} ${ino} ${sha256}`;
  if (verified.get(path) === state) return path;
  let found = await fileSha256(path);
  if (found !== sha256 && isS3Url(store.url)) {
    // Perhaps only the local copy is damaged: another is fetched.
    await Deno.remove(path);
    found = await fileSha256(await store.localPath(key));
  }
  if (found !== sha256) throw changedFile(store, key, { expected: sha256, found }, remedy);
  // A file that was just written may be changed again within the resolution of its time.
  if (mtime !== null && Date.now() - mtime.getTime() > STABLE_AFTER_MS) verified.set(path, state);
  return path;
}

/** Files that this process read and found as they were written, with their size and time then. */
const verified = new Map<string, string>();
const STABLE_AFTER_MS = 2000;

/** The error for a file whose bytes are not those that were written. */
export function changedFile(
  store: ObjectStore,
  key: string,
  { expected, found }: { expected: string; found: string },
  remedy: string,
): LakeError {
  return new LakeError(`${key} in the lake ${store.url} was changed since it was written`, {
    expected: `sha256 ${expected}`,
    found: `sha256 ${found}`,
    remedy,
  });
}

/** SHA-256 of a local file as hexadecimal digits. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
