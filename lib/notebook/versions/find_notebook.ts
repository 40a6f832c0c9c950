import { NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Notebook } from "../nbformat.ts";
import { parseNotebook, readNotebook } from "../notebook_file.ts";
import { textAtRevision } from "./git_history.ts";
import { findRun } from "./run_history.ts";

/** A notebook and what to call it. */
export interface NamedNotebook {
  name: string;
  notebook: Notebook;
}

/**
 * The notebook that a person means: a file, `<revision>:<path>` of git, or the id of a run in the lake or its
 * beginning.
 *
 * @throws {NotebookError} when there is no such notebook.
 */
export async function findNotebook(what: string, store: ObjectStore): Promise<NamedNotebook> {
  if (await isFile(what)) return { name: what, notebook: await readNotebook(what) };
  const colon = what.indexOf(":");
  if (colon > 0) {
    const text = await textAtRevision(what.slice(0, colon), what.slice(colon + 1));
    return { name: what, notebook: parseNotebook(text, what) };
  }
  const run = await findRun(store, what);
  if (run) return { name: `run ${run.metadata.shopflow.runId}`, notebook: run };
  throw new NotebookError("There is no such notebook", {
    expected: "a file, <revision>:<path> as in HEAD~1:notebooks/churn.ipynb, or the id of a run",
    found: JSON.stringify(what),
    remedy: "See `deno task notebook log <notebook>` for its commits and runs.",
  });
}

/** The same file as it was at a revision of git. */
export async function notebookAt(revision: string, file: string): Promise<NamedNotebook> {
  const name = `${revision}:${file}`;
  return { name, notebook: parseNotebook(await textAtRevision(revision, `./${file}`), name) };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
