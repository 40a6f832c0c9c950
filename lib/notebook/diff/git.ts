import { cleanNotebook } from "../format/clean.ts";
import { kernelNameOf, type Notebook } from "../format/nbformat.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { basename, dirname, resolve } from "node:path";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { isFile } from "shopflow/runtime/mod.ts";
import { findRun } from "../run/find_runs.ts";
import { parseNotebook, readNotebook } from "../format/notebook_file.ts";

/**
 * A notebook as text that reads well line by line in `git diff`: what belongs in version control, one cell below the
 * other, each below a line `%% code <id> [<tags>]`. What the notebook declares for our runner is above them.
 */
export function notebookText(notebook: Notebook): string {
  const { cells, metadata } = cleanNotebook(notebook);
  const kernel = kernelNameOf(notebook);
  const texts = cells.map(({ cell_type, id, metadata: { tags = [] }, source }) =>
    [`%% ${cell_type} ${id}${tags.length > 0 ? ` [${tags.join(", ")}]` : ""}`, source, ""].join("\n")
  );
  const wishes = metadata.shopflow === undefined
    ? []
    : [`shopflow: ${JSON.stringify(metadata.shopflow, null, 2)}`];
  return [...(kernel === undefined ? [] : [`kernel: ${kernel}`]), ...wishes, "", ...texts].join("\n");
}

/** A commit that touched a notebook. */
export interface Commit {
  /** The full hash. */
  commit: string;
  /** When it was committed, ISO 8601 in UTC. */
  time: string;
  author: string;
  /** First line of its message. */
  subject: string;
  /** Path of the notebook in that commit, from the top of the repository. */
  path: string;
}

/**
 * A file's text at a revision; a path that starts with `./` counts from `folder`, others from the top, as in git.
 *
 * @throws {NotebookError} when there is no such revision or file in it.
 */
export async function textAtRevision(revision: string, path: string, folder = "."): Promise<string> {
  const { success, stdout, stderr } = await git(["show", "--no-textconv", `${revision}:${path}`], folder);
  if (success) return stdout;
  throw new NotebookError(`There is no ${path} at ${revision}`, {
    expected: "a revision and a path that git knows, e.g. HEAD~1:notebooks/churn.ipynb",
    found: stderr.trim().replace(/^fatal: /, ""),
  });
}

/** The commits that touched a file, also under earlier names, the newest first; none outside of a repository. */
export async function commitsOf(file: string, limit: number): Promise<Commit[]> {
  const format = "%x00%H%x00%cI%x00%an%x00%s%x00";
  const { success, stdout } = await git(
    ["log", "--follow", "--name-only", `--max-count=${limit}`, `--format=${format}`, "--", basename(file)],
    dirname(resolve(file)),
  );
  if (!success) return [];
  const fields = stdout.split("\0").slice(1);
  return Array.from({ length: Math.floor(fields.length / 5) }, (_, i) => {
    const [commit, time, author, subject, path] = fields.slice(5 * i, 5 * i + 5) as [
      string,
      string,
      string,
      string,
      string,
    ];
    return { commit, time: new Date(time).toISOString(), author, subject, path: path.trim() };
  });
}

async function git(args: string[], cwd: string) {
  try {
    const { success, stdout, stderr } = await new Deno.Command("git", {
      args: ["-c", "core.quotePath=false", ...args],
      cwd,
    }).output();
    const decoder = new TextDecoder();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, stdout: "", stderr: error.message };
  }
}

/** A notebook and what to call it. */
interface NamedNotebook {
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
