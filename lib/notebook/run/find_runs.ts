import { InputError, NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Notebook } from "../format/nbformat.ts";
import { parseNotebook, readNotebookText } from "../format/notebook_file.ts";
import { parameterValues, readParameters } from "../format/parameters.ts";
import { asRunRecord, type ExecutedNotebook, findFailure, type RunRecord, RUNS } from "./record.ts";

/** The keys of all runs, or those of one notebook, the newest first. */
async function runKeys(store: ObjectStore, notebook?: string): Promise<string[]> {
  const keys = (await store.list(notebook === undefined ? RUNS : `${RUNS}${notebook}/`)).map(({ key }) =>
    key
  );
  return keys.filter((key) => key.endsWith(".ipynb")).sort((a, b) => basename(a) < basename(b) ? 1 : -1);
}

/**
 * The run that a person means by its id, or the beginning of one that no other shares.
 *
 * @throws {InputError} when there is none, or several.
 */
export async function findRun(store: ObjectStore, runId: string): Promise<ExecutedNotebook> {
  const runs = await runKeys(store);
  const found = runs.filter((key) => runId !== "" && basename(key).startsWith(runId));
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return await readRun(store, first);
  const ids = (keys: string[]) => keys.slice(0, 5).map((key) => basename(key, ".ipynb")).join(", ");
  throw new InputError(found.length === 0 ? `There is no run ${runId}` : `Several runs begin with ${runId}`, {
    expected: "an id that `deno task notebook runs` lists, or the beginning of one",
    found: found.length > 0
      ? ids(found)
      : `${runs.length} runs${runs.length > 0 ? `, the last are ${ids(runs)}` : ""}`,
    remedy: "`deno task notebook run FILE` makes a run, and prints its id.",
  });
}

interface LatestRuns {
  /** Only those of this notebook. */
  notebook?: string | undefined;
  /** Default 20. */
  limit?: number;
  /** Called for a record that exists but cannot be read; the others are listed. By default that is thrown. */
  onUnreadable?: (error: NotebookError) => void;
}

/** The latest runs of all notebooks, or of one, the newest first. */
export async function latestRuns(
  store: ObjectStore,
  { notebook, limit = 20, onUnreadable }: LatestRuns = {},
): Promise<ExecutedNotebook[]> {
  const keys = (await runKeys(store, notebook)).slice(0, limit);
  const runs = await Promise.all(keys.map(async (key) => {
    try {
      return await readRun(store, key);
    } catch (error) {
      if (!(error instanceof NotebookError) || onUnreadable === undefined) throw error;
      onUnreadable(error);
    }
  }));
  return runs.filter((run) => run !== undefined);
}

/** The records of the same runs. */
export async function listRuns(store: ObjectStore, which: LatestRuns = {}): Promise<RunRecord[]> {
  return (await latestRuns(store, which)).map(({ metadata }) => metadata.shopflow);
}

async function readRun(store: ObjectStore, key: string): Promise<ExecutedNotebook> {
  const object = await store.get(key);
  if (object === undefined) throw new InputError("The run was removed", { expected: key, found: "nothing" });
  const notebook = parseNotebook(new TextDecoder().decode(object.body), key);
  const shopflow = asRunRecord(notebook.metadata.shopflow);
  if (shopflow !== undefined) return { ...notebook, metadata: { ...notebook.metadata, shopflow } };
  throw new NotebookError(`${key} is not a record of a run`, {
    expected: "what this version of ShopFlow writes into its metadata.shopflow",
    found: notebook.metadata.shopflow === undefined ? "nothing" : "something else",
  });
}

/**
 * Reads an executed notebook: the record of one of our runs, or a file that Jupyter has run and saved, for which a
 * record is made from what the file says.
 *
 * @throws {NotebookError} when the file is missing or no notebook.
 */
export async function readExecuted(path: string): Promise<ExecutedNotebook> {
  const source = await readNotebookText(path);
  const { mtime } = await Deno.stat(path);
  return asExecuted(parseNotebook(source, path), { source, path, savedAt: mtime ?? new Date(0) });
}

interface Origin {
  source: string;
  path: string;
  savedAt: Date;
}

function asExecuted(notebook: Notebook, origin: Origin): ExecutedNotebook {
  const shopflow = asRunRecord(notebook.metadata.shopflow) ?? recordOf(notebook, origin);
  return { ...notebook, metadata: { ...notebook.metadata, shopflow } };
}

function recordOf(notebook: Notebook, { source, path, savedAt }: Origin): RunRecord {
  const failure = findFailure(notebook);
  return {
    notebook: basename(path, ".ipynb"),
    notebookSha256: createHash("sha256").update(source).digest("hex"),
    runId: "in_jupyter",
    status: failure === undefined ? "succeeded" : "failed",
    parameters: parameterValues(readParameters(notebook)),
    startedAt: savedAt.toISOString(),
    milliseconds: 0,
    lineage: [],
    ...(failure && { failure }),
  };
}
