import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { fileSha256 } from "./integrity.ts";

/** A file outside the store whose content is known. */
export interface LocalFile {
  path: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/**
 * Reads a file for its size and SHA-256 (hexadecimal).
 *
 * @throws {Deno.errors.NotFound} when it is not there.
 */
export async function measureFile(path: string): Promise<LocalFile> {
  const { size } = await Deno.stat(path);
  return { path, size, sha256: await fileSha256(path) };
}

/** Waits until a file's bytes are on the disk: a rename may outlive a power cut that bytes don't. */
export async function reachDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.syncData();
}

/**
 * Moves a file to `target`, where it appears complete or not at all.
 *
 * @param options.staging Folder on the file system of `target`, used where `path` is on another one.
 * @param options.sync Whether to wait until its bytes are on the disk.
 */
export async function takeOverFile(
  path: string,
  target: string,
  { staging, sync = true }: { staging: string; sync?: boolean },
): Promise<void> {
  if (sync) await reachDisk(path);
  try {
    await Deno.rename(path, target);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
    const staged = join(staging, randomUUID());
    try {
      await Deno.copyFile(path, staged);
      if (sync) await reachDisk(staged);
      await Deno.rename(staged, target);
    } catch (problem) {
      // A disk that is full does not get emptier by halves of files.
      await Deno.remove(staged).catch(() => {});
      throw problem;
    }
    await Deno.remove(path);
  }
}

/** Does `work` while no other process does work under the same lock file. */
export async function withFileLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  using file = await inFolder(dirname(lock), () => Deno.open(lock, { create: true, write: true }));
  await file.lock(true);
  try {
    return await work();
  } finally {
    // Closing is not enough while a program that was started just then has the open file, too.
    await file.unlock();
  }
}

/** Does what needs a folder, which is made where it is missing: seldom, so that it is not looked for each time. */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(folder, { recursive: true });
    return await work();
  }
}
