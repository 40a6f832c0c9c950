import { LakeError, ModelError } from "shopflow/errors/mod.ts";
import {
  fileSha256,
  isIntact,
  type ObjectStore,
  readJson,
  readSealedJson,
  sealed,
  updateJson,
  verifiedPath,
} from "shopflow/lake/store/mod.ts";
import { type PointerMove, setPointer } from "./champion.ts";
import { daysBetween } from "../as_of_date.ts";

/** A published table of scores: what a model says of every customer or product. */
export interface ScoreTable {
  name: string;
  /** Parquet file in the store. */
  key: string;
  /** SHA-256 of that file. */
  sha256: string;
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
  table: Omit<ScoreTable, "key" | "sha256">,
  parquetPath: string,
  { replaces }: PointerMove = {},
): Promise<ScoreTable> {
  // Named by content, since a file of the lake is never overwritten: a forced run may score otherwise.
  const sha256 = await fileSha256(parquetPath);
  const file = `${table.snapshot}-${table.modelVersion}-${sha256.slice(0, NAMED_DIGITS)}`;
  const key = `scores/${table.name}/${file}.parquet`;
  // Before the file: what no list names is not known to be ours, and would stay for ever if this run is killed.
  const { scoredAt, modelVersion, asOf } = table;
  await listScores(store, table.name, { key, scoredAt, modelVersion, asOf });
  await store.moveIn(key, parquetPath);
  const published: ScoreTable = { ...table, key, sha256 };
  await setPointer(store, pointerKey(table.name), sealed(published), {
    nameOf: ({ key }) => key,
    ...(replaces !== undefined && { replaces }),
  });
  return published;
}

/** A score table that was published, or was about to be. */
export type PublishedScores = Pick<ScoreTable, "key" | "scoredAt" | "modelVersion" | "asOf">;

/** What `scores/<name>/tables.json` holds, in the order in which they were published. */
interface ScoresList {
  tables: PublishedScores[];
}

const listKey = (name: string) => `scores/${name}/tables.json`;

/** The score tables of a name that garbage collection has not removed, in the order in which they were published. */
export async function publishedScores(store: ObjectStore, name: string): Promise<PublishedScores[]> {
  return (await readJson<ScoresList>(store, listKey(name)))?.value.tables ?? [];
}

async function listScores(store: ObjectStore, name: string, table: PublishedScores): Promise<void> {
  await updateJson<ScoresList>(store, listKey(name), (list) => ({
    // One that is made again is the newest.
    tables: [...(list?.tables ?? []).filter(({ key }) => key !== table.key), table],
  }));
}

/** Takes score tables whose files are gone out of the list. */
export async function forgetScores(store: ObjectStore, name: string, keys: string[]): Promise<void> {
  await updateJson<ScoresList>(
    store,
    listKey(name),
    (list) => list && { tables: list.tables.filter(({ key }) => !keys.includes(key)) },
  );
}

/**
 * The current score table of a name, or undefined when nothing was scored yet.
 *
 * @throws {LakeError} when what is said of it was changed since it was written.
 */
export async function currentScores(store: ObjectStore, name: string): Promise<ScoreTable | undefined> {
  const key = pointerKey(name);
  const found = await readSealedJson<ScoreTable>(store, key, {
    remedy: `Restore it from a backup, or delete ${key} and run \`deno task pipeline run score\`.`,
  });
  return found?.value;
}

/**
 * A local path with the rows of a published score table, after its hash was compared.
 *
 * @throws {LakeError} when the file was changed since it was written, or is missing.
 */
export async function scoresPath(
  store: ObjectStore,
  table: Pick<ScoreTable, "key" | "sha256">,
): Promise<string> {
  return await verifiedPath(store, table, RESCORE);
}

/**
 * As {@linkcode scoresPath} for a table that was current once, whose name ends with digits of its hash.
 *
 * @param version Its file's name without `.parquet`.
 */
export async function earlierScoresPath(store: ObjectStore, name: string, version: string): Promise<string> {
  const key = `scores/${name}/${version}.parquet`;
  if (await store.stat(key) === undefined) {
    throw new LakeError(`The ${name} scores that are asked for are not in the lake any more`, {
      expected: key,
      found: "nothing; garbage collection keeps the newest tables (SHOPFLOW_KEEP_SCORES)",
      remedy: "Read the current scores, or restore the file from a backup.",
    });
  }
  const path = await store.localPath(key);
  const expected = version.slice(version.lastIndexOf("-") + 1);
  const found = await fileSha256(path);
  if (expected.length === NAMED_DIGITS && found.startsWith(expected)) return path;
  throw new LakeError(`${key} in the lake ${store.url} was changed since it was written`, {
    expected: `sha256 ${expected}…`,
    found: `sha256 ${found}`,
    remedy: RESCORE,
  });
}

/** Digits of a file's hash that its name ends with. */
const NAMED_DIGITS = 12;
const RESCORE = "Restore the file from a backup, or run `deno task pipeline run score --force`.";

/** As {@linkcode currentScores}, for callers that cannot go on without. */
export async function requireScores(store: ObjectStore, name: string): Promise<ScoreTable> {
  const scores = await currentScores(store, name);
  if (scores !== undefined) return scores;
  throw new ModelError(`There are no ${name} scores in ${store.url}`, {
    remedy: "Run `deno task pipeline run all`.",
  });
}

/** The current score table when this model made it from this snapshot and its file is there as it was written. */
export async function upToDateScores(
  store: ObjectStore,
  name: string,
  { snapshot, modelVersion }: Pick<ScoreTable, "snapshot" | "modelVersion">,
): Promise<ScoreTable | undefined> {
  const scores = await currentScores(store, name);
  if (scores?.snapshot !== snapshot || scores.modelVersion !== modelVersion) return undefined;
  if (await store.stat(scores.key) === undefined) return undefined;
  return await isIntact(store, scores) ? scores : undefined;
}

/**
 * What a reader must know of a list that comes from published scores which are not of the report's data; undefined
 * where they are.
 *
 * @param what The list, in the plural, e.g. `Churn scores`.
 * @param scores Their as-of date, and whether they were made from the snapshot that the report reads.
 * @param dataAsOf The date that scores of the report's data would have.
 */
export function scoresNote(
  what: string,
  scores: { asOf?: string; ofThisSnapshot: boolean },
  dataAsOf: string,
): string | undefined {
  if (scores.ofThisSnapshot) return undefined;
  const served = "The application answers from the same ones.";
  if (scores.asOf === undefined) return `${what} were made from other data than this report's. ${served}`;
  if (scores.asOf > dataAsOf) {
    return `${what} are as of ${scores.asOf}, of newer data than this report's, which are as of ${dataAsOf}. ${served}`;
  }
  if (scores.asOf === dataAsOf) {
    return `${what} are as of ${scores.asOf}, but what arrived later with that date is not in them: ` +
      `they have not been updated since. ${served}`;
  }
  const days = daysBetween(scores.asOf, dataAsOf);
  return `${what} are **out of date**: they are as of ${scores.asOf}, ${days} ${
    days === 1 ? "day" : "days"
  } before ` +
    `the data, which are as of ${dataAsOf}. Scoring has not run since, or has failed. ${served}`;
}
