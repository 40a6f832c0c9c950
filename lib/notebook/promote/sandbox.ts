import { NotebookError } from "shopflow/errors/mod.ts";
import { makeWorkingFolder } from "shopflow/runtime/mod.ts";
import { dirname, join } from "node:path";
import { readIfThere } from "../format/notebook_file.ts";

/**
 * A copy of a repository that shares with it all files but those that are written: code is tried out there, by the
 * real tools and under its own `deno.json`, while the repository stays as it is.
 */
export interface Sandbox extends AsyncDisposable {
  folder: string;
  /** Writes a file, or removes it, by its path from the top. */
  write(path: string, text: string | undefined): Promise<void>;
  /** A file's text; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** Runs `deno <args>` at the top; throws with its words when it fails. */
  deno(problem: string, ...args: string[]): Promise<void>;
}

/** Configuration decides by its own place what names mean, so a link to it would lead back to the repository. */
const COPIED = ["deno.json", "deno.jsonc", "deno.lock", "package.json"];

interface SandboxOptions {
  /** The files that may be written there, by their paths from the top. */
  files: string[];
  /** Further folders that must be the sandbox's own, e.g. a kernel's working directory. */
  folders: string[];
  /** Where the sandbox lies, so that `lake gc` finds it, if this process is killed. */
  temporaryFolder: string;
}

/** Makes a sandbox of the repository `root`. */
export async function createSandbox(
  root: string,
  { files, folders, temporaryFolder }: SandboxOptions,
): Promise<Sandbox> {
  const folder = await Deno.realPath(await makeWorkingFolder("promotion", temporaryFolder));
  const own = ownFolders([...files.map((file) => dirname(file)), ...folders]);
  const copied = new Set([...COPIED, ...files]);
  for (const path of [".", ...own]) await mirror(root, folder, path, own, copied);
  const read = (path: string) => readIfThere(join(folder, path));
  return {
    folder,
    read,
    async write(path, text) {
      if (text !== undefined) return await Deno.writeTextFile(join(folder, path), text);
      if (await read(path) !== undefined) await Deno.remove(join(folder, path));
    },
    async deno(problem, ...args) {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: folder,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      if (success) return;
      const said = new TextDecoder().decode(stderr).trim() + new TextDecoder().decode(stdout).trim();
      throw new NotebookError(problem, {
        found: said.replaceAll(`file://${folder}/`, "").replaceAll(`${folder}/`, ""),
      });
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** The folders and all above them, from the top down. */
function ownFolders(folders: string[]): string[] {
  const own = new Set<string>();
  for (let path of folders) for (; path !== "." && path !== ""; path = dirname(path)) own.add(path);
  return [...own].toSorted((a, b) => a.split("/").length - b.split("/").length);
}

async function mirror(root: string, sandbox: string, folder: string, own: string[], copied: Set<string>) {
  await Deno.mkdir(join(sandbox, folder), { recursive: true });
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(join(root, folder)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // a folder that comes with its first module
    throw error;
  }
  for (const { name } of entries) {
    const path = join(folder, name);
    if (own.includes(path) || path === ".git") continue;
    if (copied.has(path)) await Deno.copyFile(join(root, path), join(sandbox, path));
    else await Deno.symlink(join(root, path), join(sandbox, path));
  }
}
