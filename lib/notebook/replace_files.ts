import { NotebookError } from "shopflow/errors/mod.ts";
import { basename, dirname, join } from "node:path";

/** A file with the text that it had when it was read, and the one that it is to have. */
export interface FileChange {
  path: string;
  before: string | undefined;
  after: string;
}

/**
 * Writes several files, each as a whole, in their order; when one of them cannot be written, those before it get
 * their old text back. All are on the disk under other names before the first one takes its place, so that what can
 * fail has been done by then; a process that dies in between leaves a beginning of the list.
 *
 * @throws {NotebookError} when a file is no more what it was when it was read; then nothing is written.
 */
export async function replaceFiles(
  changes: FileChange[],
  rename: typeof Deno.rename = Deno.rename,
): Promise<void> {
  for (const { path, before } of changes) {
    if (await readIfThere(path) === before) continue;
    throw new NotebookError(`${path} was changed meanwhile`, {
      remedy: "Save what you edit, and try again.",
    });
  }
  const staged: string[] = [];
  const done: FileChange[] = [];
  try {
    for (const change of changes) staged.push(await stage(change));
    for (const [i, change] of changes.entries()) {
      await rename(staged[i]!, change.path);
      done.push(change);
    }
  } catch (error) {
    for (const { path, before } of done.reverse()) {
      if (before === undefined) await Deno.remove(path);
      else await Deno.rename(await stage({ path, before, after: before }), path);
    }
    throw error;
  } finally {
    for (const path of staged) if (await readIfThere(path) !== undefined) await Deno.remove(path);
  }
}

/** A file's text; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function stage({ path, after }: FileChange): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  await Deno.writeTextFile(staged, after, { createNew: true });
  using file = await Deno.open(staged, { write: true });
  await file.sync();
  return staged;
}
