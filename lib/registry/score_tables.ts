import { ModelError } from "shopflow/errors/mod.ts";
import { fileSha256, type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import { movePointer, type PointerMove } from "./move_pointer.ts";

/** A published table of scores: what a model says of every customer or product. */
export interface ScoreTable {
  name: string;
  /** Parquet file in the store. */
  key: string;
  rows: number;
  scoredAt: string;
  /** Snapshot of the lake the scores were made from. */
  snapshot: string;
  modelVersion: string;
  /** Data before this day was used; of the inventory plan, the day of the last stock count. */
  asOf: string;
  /** Why a baseline made the scores and no model; undefined of a model's. */
  baselineReason?: string;
}

const pointerKey = (name: string) => `scores/${name}/current.json`;

/**
 * Takes over a Parquet file of scores and makes it the current one of its name.
 *
 * @param options.replaces Key of the table that was current when the work began, see {@linkcode currentScores}.
 * @throws {ModelError} when another one became current meanwhile.
 */
export async function publishScores(
  store: ObjectStore,
  table: Omit<ScoreTable, "key">,
  parquetPath: string,
  { replaces }: PointerMove = {},
): Promise<ScoreTable> {
  // Named by content, since a file of the lake is never overwritten: a forced run may score otherwise.
  const content = (await fileSha256(parquetPath)).slice(0, 12);
  const key = `scores/${table.name}/${table.snapshot}-${table.modelVersion}-${content}.parquet`;
  await store.moveIn(key, parquetPath);
  const published: ScoreTable = { ...table, key };
  await movePointer(store, pointerKey(table.name), published, { nameOf: ({ key }) => key, replaces });
  return published;
}

/** The current score table of a name, or undefined when nothing was scored yet. */
export async function currentScores(store: ObjectStore, name: string): Promise<ScoreTable | undefined> {
  return (await readJson<ScoreTable>(store, pointerKey(name)))?.value;
}

/** As {@linkcode currentScores}, for callers that cannot go on without. */
export async function requireScores(store: ObjectStore, name: string): Promise<ScoreTable> {
  const scores = await currentScores(store, name);
  if (scores !== undefined) return scores;
  throw new ModelError(`There are no ${name} scores in ${store.url}`, {
    remedy: "Run `deno task pipeline run all`.",
  });
}

/** The current score table when this model made it from this snapshot and its file is there. */
export async function upToDateScores(
  store: ObjectStore,
  name: string,
  { snapshot, modelVersion }: Pick<ScoreTable, "snapshot" | "modelVersion">,
): Promise<ScoreTable | undefined> {
  const scores = await currentScores(store, name);
  if (scores?.snapshot !== snapshot || scores.modelVersion !== modelVersion) return undefined;
  return await store.stat(scores.key) && scores;
}
