import { join } from "node:path";

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
  const folder = await Deno.makeTempDir({ dir: parent, prefix: `${PREFIX}${kind}-` });
  await Deno.writeTextFile(join(folder, MARK), "A working folder of ShopFlow, which it removes.\n");
  return folder;
}

/** A folder that a killed process left behind. */
export interface LeftoverFolder {
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
