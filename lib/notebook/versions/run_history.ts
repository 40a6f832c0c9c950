import { NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { parseNotebook } from "../notebook_file.ts";
import type { ExecutedNotebook } from "../run_record.ts";

const RUNS = "runs/notebooks/";
const EXTENSION = ".ipynb";

/**
 * The run with an id, or with the only one that begins so; undefined when there is none.
 *
 * @throws {NotebookError} when several begin so.
 */
export async function findRun(store: ObjectStore, id: string): Promise<ExecutedNotebook | undefined> {
  const keys = (await store.list(RUNS)).map(({ key }) => key).filter((key) =>
    key.endsWith(EXTENSION) && runIdOf(key).startsWith(id)
  );
  const found = keys.find((key) => runIdOf(key) === id) ?? keys[0];
  if (found === undefined) return undefined;
  if (keys.length === 1 || runIdOf(found) === id) return await readRun(store, found);
  throw new NotebookError("Several runs begin so", {
    expected: `one of ${keys.map(runIdOf).join(", ")}`,
    found: JSON.stringify(id),
  });
}

/** The newest runs of a notebook, the newest first. */
export async function latestRuns(
  store: ObjectStore,
  name: string,
  limit: number,
): Promise<ExecutedNotebook[]> {
  const keys = (await store.list(`${RUNS}${name}/`)).map(({ key }) => key).filter((key) =>
    key.endsWith(EXTENSION)
  );
  // Ids begin with the time, to the second.
  const newest = keys.toSorted().reverse().slice(0, limit);
  return await Promise.all(newest.map((key) => readRun(store, key)));
}

async function readRun(store: ObjectStore, key: string): Promise<ExecutedNotebook> {
  const object = await store.get(key);
  if (object === undefined) throw new NotebookError(`The run ${key} was deleted meanwhile`);
  return parseNotebook(new TextDecoder().decode(object.body), key) as ExecutedNotebook;
}

const runIdOf = (key: string) => key.slice(key.lastIndexOf("/") + 1, -EXTENSION.length);
