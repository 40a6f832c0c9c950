import { InputError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { basename } from "node:path";
import { parseNotebook } from "./notebook_file.ts";
import { type ExecutedNotebook, type RunRecord, RUNS } from "./run_record.ts";

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
  if (found.length === 1) return await readRun(store, found[0]!);
  const ids = (keys: string[]) => keys.slice(0, 5).map((key) => basename(key, ".ipynb")).join(", ");
  throw new InputError(found.length === 0 ? `There is no run ${runId}` : `Several runs begin with ${runId}`, {
    expected: "an id that `deno task notebook runs` lists, or the beginning of one",
    found: found.length > 0
      ? ids(found)
      : `${runs.length} runs${runs.length > 0 ? `, the last are ${ids(runs)}` : ""}`,
    remedy: "`deno task notebook run FILE` makes a run, and prints its id.",
  });
}

export interface LatestRuns {
  /** Only those of this notebook. */
  notebook?: string;
  /** Default 20. */
  limit?: number;
}

/** The latest runs of all notebooks, or of one, the newest first. */
export async function latestRuns(
  store: ObjectStore,
  { notebook, limit = 20 }: LatestRuns = {},
): Promise<ExecutedNotebook[]> {
  const keys = (await runKeys(store, notebook)).slice(0, limit);
  return await Promise.all(keys.map((key) => readRun(store, key)));
}

/** The records of the same runs. */
export async function listRuns(store: ObjectStore, which: LatestRuns = {}): Promise<RunRecord[]> {
  return (await latestRuns(store, which)).map(({ metadata }) => metadata.shopflow);
}

async function readRun(store: ObjectStore, key: string): Promise<ExecutedNotebook> {
  const object = await store.get(key);
  if (object) return parseNotebook(new TextDecoder().decode(object.body), key) as ExecutedNotebook;
  throw new InputError("The run is gone", { expected: key, found: "nothing" });
}
