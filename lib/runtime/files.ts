import { diskFullError, isDiskFull } from "shopflow/errors/mod.ts";
import { basename, join } from "node:path";
import { createHash, type Hash } from "node:crypto";

/** Whether there is a file or folder at a path; any trouble but its absence is thrown. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether a path names a file; no trouble but that there is none is passed over. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/**
 * Writes all bytes to a file, at its position.
 *
 * `FsFile.writable` must not be used instead: it keeps errors to itself, so that on a full disk a part of a file would
 * pass for the whole.
 *
 * @param path of the file, for messages.
 * @throws {DiskFullError} when there is no room for the bytes; whatever else the file system says is thrown as it is.
 */
export async function writeAll(file: Deno.FsFile, path: string, bytes: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  } catch (error) {
    throw isDiskFull(error) ? await diskFullError(`write ${path}`, error, path) : error;
  }
}

/** Working folders are called so, and have a file of this name: `<home>/tmp` may have folders of other programs. */
const PREFIX = "shopflow-";
const MARK = ".shopflow_working_folder";

/** Where the working folders of a `SHOPFLOW_HOME` are. */
export const workingFolders = (home: string) => join(home, "tmp");

/**
 * Makes a new folder for files under way; whoever makes it removes it.
 *
 * @param parent See {@linkcode workingFolders}; `leftoverFolders` finds it there if this process is killed.
 *   By default the system's folder for temporary files.
 * @param kind What it is for, e.g. `kernel`; a part of its name.
 */
export async function makeWorkingFolder(kind: string, parent?: string): Promise<string> {
  if (parent !== undefined) await Deno.mkdir(parent, { recursive: true });
  const folder = await Deno.makeTempDir({
    ...(parent !== undefined && { dir: parent }),
    prefix: `${PREFIX}${kind}-`,
  });
  await Deno.writeTextFile(join(folder, MARK), "A working folder of ShopFlow, which it removes.\n");
  return folder;
}

/** A folder that a killed process left behind. */
interface LeftoverFolder {
  path: string;
  /** Removes it; one that is gone is no error. */
  remove(): Promise<void>;
}

/**
 * Working folders of a `SHOPFLOW_HOME` that killed processes left behind, by path.
 *
 * @param before Folders changed since are left alone: their process may be at work.
 */
export async function leftoverFolders(home: string, before: Date): Promise<LeftoverFolder[]> {
  const parent = workingFolders(home);
  const entries = await unlessGone(Array.fromAsync(Deno.readDir(parent))) ?? [];
  const found = await Promise.all(entries.map(async ({ name, isDirectory }) => {
    const path = join(parent, name);
    // A link would lead elsewhere.
    if (!isDirectory || !name.startsWith(PREFIX)) return [];
    const modified = (await unlessGone(Deno.lstat(path)))?.mtime;
    if (!modified || modified >= before) return [];
    const recursive = (await unlessGone(Deno.lstat(join(path, MARK))))?.isFile === true;
    // A process that is killed before it can write the mark leaves an empty folder.
    if (!recursive && !await isEmpty(path)) return [];
    return [{ path, remove: async () => void await unlessGone(Deno.remove(path, { recursive })) }];
  }));
  return found.flat().sort((a, b) => a.path < b.path ? -1 : 1);
}

const isEmpty = async (folder: string) =>
  (await unlessGone(Array.fromAsync(Deno.readDir(folder))))?.length === 0;

/** Undefined where the process that owned it, or another collection, removed it meanwhile. */
async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * A short hash of source files and folders (recursively), to know whether the code that made a
 * result has changed since. Names and contents count, modification times do not.
 */
export async function codeVersion(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) await addPath(hash, path);
  return hash.digest("hex").slice(0, 12);
}

async function addPath(hash: Hash, path: string): Promise<void> {
  const stat = await Deno.stat(path);
  if (stat.isFile) {
    hash.update(basename(path)).update("\0").update(await Deno.readFile(path));
    return;
  }
  const names = (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name).sort();
  for (const name of names) await addPath(hash, join(path, name));
}
