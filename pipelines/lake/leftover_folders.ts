import { join } from "node:path";

/**
 * Working folders in `<home>/tmp` that killed pipelines left behind.
 *
 * @param before Folders changed since are left alone: their pipeline may be at work.
 */
export async function leftoverFolders(home: string, before: Date): Promise<string[]> {
  const parent = join(home, "tmp");
  const found: string[] = [];
  for (const name of (await namesIn(parent)).sort()) {
    const path = join(parent, name);
    if (await changedBefore(path, before)) found.push(path);
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function changedBefore(path: string, before: Date): Promise<boolean> {
  try {
    return ((await Deno.stat(path)).mtime ?? new Date()) < before;
  } catch (error) {
    // Its pipeline ended meanwhile and removed it.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
