import { NotebookError } from "shopflow/errors/mod.ts";
import { basename, dirname, resolve } from "node:path";

/** A commit that touched a notebook. */
export interface Commit {
  /** The whole hash. */
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

/** The commits that touched a file, also under former names, the newest first; none outside of a repository. */
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
