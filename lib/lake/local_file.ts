import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";

/** A file outside the store whose content is known. */
export interface LocalFile {
  path: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** Size and hash of a file, read piece by piece. */
export async function measureFile(path: string): Promise<LocalFile> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  let size = 0;
  for (let read; (read = await file.read(buffer)) !== null; size += read) {
    hash.update(buffer.subarray(0, read));
  }
  return { path, size, sha256: hash.digest("hex") };
}

/** Waits until a file's bytes are on the disk: a rename may outlive a power cut that bytes don't. */
export async function reachDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.syncData();
}

/**
 * Moves a file to `target`, where it appears whole or not at all.
 *
 * @param staging Folder on the file system of `target`, used where `path` is on another one.
 */
export async function takeOverFile(path: string, target: string, staging: string): Promise<void> {
  await reachDisk(path);
  try {
    await Deno.rename(path, target);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
    const staged = join(staging, randomUUID());
    await Deno.copyFile(path, staged);
    await reachDisk(staged);
    await Deno.rename(staged, target);
    await Deno.remove(path);
  }
}

/** Does `work` while no other process does work under the same lock file. */
export async function withFileLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  using file = await Deno.open(lock, { create: true, write: true });
  await file.lock(true);
  return await work();
}
