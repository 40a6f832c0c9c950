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
  const found = (await runKeys(store)).filter((key) => runId !== "" && basename(key).startsWith(runId));
  if (found.length === 1) return await readRun(store, found[0]!);
  throw new InputError(found.length === 0 ? "There is no such run" : "Several runs start so", {
    expected: "an id that `deno task notebook runs` lists",
    found: found.length === 0
      ? JSON.stringify(runId)
      : found.map((key) => basename(key, ".ipynb")).join(", "),
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
