import { createHash } from "node:crypto";
import { join } from "node:path";

/**
 * A short hash of source files and folders (recursively), to know whether the code that made a
 * result has changed since. Names and contents count, modification times do not.
 */
export async function codeVersion(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) await addPath(hash, path);
  return hash.digest("hex").slice(0, 12);
}

async function addPath(
  hash: ReturnType<typeof createHash>,
  path: string,
): Promise<void> {
  const stat = await Deno.stat(path);
  if (stat.isFile) {
    hash.update(path.split("/").at(-1)!).update("\0").update(
      await Deno.readFile(path),
    );
    return;
  }
  const names = (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name).sort();
  for (const name of names) await addPath(hash, join(path, name));
}
