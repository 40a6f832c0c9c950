import type { ObjectStore } from "shopflow/lake/mod.ts";
import { isFile } from "shopflow/runtime/mod.ts";
import { basename, dirname, resolve } from "node:path";
import { findRun } from "../find_runs.ts";
import type { Notebook } from "../nbformat.ts";
import { parseNotebook, readNotebook } from "../notebook_file.ts";
import { textAtRevision } from "./git_history.ts";

/** A notebook and what to call it. */
export interface NamedNotebook {
  name: string;
  notebook: Notebook;
}

/**
 * The notebook that a person means: a file, `<revision>:<path>` of git, or the id of a run in the lake or its
 * beginning.
 *
 * @throws {NotebookError} when there is no such file or revision.
 * @throws {InputError} when it can only be a run, and there is none.
 */
export async function findNotebook(what: string, store: ObjectStore): Promise<NamedNotebook> {
  if (await isFile(what)) return { name: what, notebook: await readNotebook(what) };
  const colon = what.indexOf(":");
  if (colon > 0) {
    const text = await textAtRevision(what.slice(0, colon), what.slice(colon + 1));
    return { name: what, notebook: parseNotebook(text, what) };
  }
  const run = await findRun(store, what);
  return { name: `run ${run.metadata.shopflow.runId}`, notebook: run };
}

/** A file, wherever it is, as it was at a revision of the repository that it is in. */
export async function notebookAt(revision: string, file: string): Promise<NamedNotebook> {
  const name = `${revision}:${file}`;
  const text = await textAtRevision(revision, `./${basename(file)}`, dirname(resolve(file)));
  return { name, notebook: parseNotebook(text, name) };
}
