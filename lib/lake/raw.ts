import { LakeError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { encodeJson, readJson } from "./store/json_object.ts";
import type { ObjectStore } from "./store/object_store.ts";
import type { TableFile } from "./snapshots.ts";

/** A raw file: the rows of a table that one run found new, changed or deleted. Never changed once written. */
export interface RawFile extends TableFile {
  run: string;
  extractedAt: string;
}

/** Rows of a month, and the exact sums of their money and pieces as text. */
export interface RawTotals {
  rows: number;
  amount: string;
  quantity: string;
}

/** A source table in the raw layer. */
export interface RawTable {
  /** In the order of their extraction. */
  files: RawFile[];
  /** Hash of the rows of all files, without the columns that tell of the run. */
  contentSha256: string;
  /** Rows that the source had at the last extract. */
  rows: number;
  /** How far the source was read, in the text form of the column that is watched; none where all is compared. */
  watermark?: string;
  /** What the source counted and summed by month when this was found to be all of it; not in older extracts. */
  controlTotals?: Record<string, RawTotals>;
}

/** What the extracts brought from the sources, as `raw/current.json` says; see documentation/explanation/incremental_builds.md. */
export interface RawExtract {
  /** The run that last changed something. */
  run: string;
  extractedAt: string;
  /** Where the rows came from, without passwords. */
  source: string;
  /** Time of the PostgreSQL transaction that the last run read in. */
  sourceTransactionTime?: string;
  /** By source table, `support_tickets` included. */
  tables: Record<string, RawTable>;
}

/** Key of the object that says which extract is current. */
export const CURRENT_EXTRACT = "raw/current.json";

const extractShape = z.looseObject({
  run: z.string(),
  extractedAt: z.string(),
  source: z.string(),
  tables: z.record(z.string(), z.looseObject({ contentSha256: z.string() })),
});

/** Key of a table's raw file. */
export const rawKey = (table: string, run: string) => `raw/${table}/${run}.parquet`;

/** The current extract with the tag that {@linkcode publishRawExtract} compares. */
export async function currentRawVersion(
  store: ObjectStore,
): Promise<{ extract: RawExtract; etag: string } | undefined> {
  const found = await readJson<RawExtract>(store, CURRENT_EXTRACT, extractShape);
  return found && { extract: withFileLists(found.value), etag: found.etag };
}

/** The current extract, or undefined when there was none yet. */
export async function currentRawExtract(store: ObjectStore): Promise<RawExtract | undefined> {
  return (await currentRawVersion(store))?.extract;
}

/**
 * As {@linkcode currentRawExtract}, for callers that cannot go on without.
 *
 * @throws {LakeError} when nothing was extracted yet.
 */
export async function readRawExtract(store: ObjectStore): Promise<RawExtract> {
  const extract = await currentRawExtract(store);
  if (extract !== undefined) return extract;
  throw new LakeError("Nothing was extracted from the sources yet", {
    expected: `${CURRENT_EXTRACT} in ${store.url}`,
    found: "none",
    remedy: "Run `deno task pipeline run extract`.",
  });
}

/**
 * Makes an extract the current one; its files must be in the store already.
 *
 * @param replaces Tag of the extract that this one was compared with, null when there was none; by default
 *   whichever is current is replaced.
 * @throws {LakeError} when another run published meanwhile: what this one calls changed is so no more.
 */
export async function publishRawExtract(
  store: ObjectStore,
  extract: RawExtract,
  { replaces }: { replaces?: string | null } = {},
): Promise<void> {
  const body = encodeJson(extract);
  const written = replaces === undefined
    ? await store.put(CURRENT_EXTRACT, body)
    : replaces === null
    ? await store.putIfAbsent(CURRENT_EXTRACT, body)
    : await store.putIfMatch(CURRENT_EXTRACT, body, replaces);
  if (written !== undefined) return;
  throw new LakeError("Another extract was published while this one ran", {
    expected: `${CURRENT_EXTRACT} in ${store.url} as it was when this run began`,
    remedy: "Run the extract again; nothing of this run is visible.",
  });
}

/** Extracts of older versions had one whole file a table, and its fields in the table's place. */
function withFileLists(extract: RawExtract): RawExtract {
  const tables = Object.entries(extract.tables).map(([name, table]) => {
    if (Array.isArray(table.files)) return [name, table];
    const { contentSha256, ...file } = table as unknown as TableFile & { contentSha256: string };
    const { run, extractedAt } = runOf(file, extract);
    return [name, { files: [{ ...file, run, extractedAt }], contentSha256, rows: file.rows }];
  });
  return { ...extract, tables: Object.fromEntries(tables) };
}

/** A table that did not change kept the file of an earlier run, whose name begins with its time. */
function runOf({ key }: TableFile, { extractedAt }: RawExtract): { run: string; extractedAt: string } {
  const run = key.slice(key.lastIndexOf("/") + 1, -".parquet".length);
  const [, date, hour, minute, second, fraction] = /^(\d{8})T(\d{2})(\d{2})(\d{2})(\d{3})Z/.exec(run) ?? [];
  if (date === undefined) return { run, extractedAt };
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return { run, extractedAt: `${day}T${hour}:${minute}:${second}.${fraction}Z` };
}

/** How far a source table was read. */
export interface Watermark {
  /** The highest value of the watched column, none where all rows are compared every time. */
  value?: string;
  /** When the whole table was last compared (ISO 8601). */
  comparedAt: string;
  /** Which table of the database was read: one that was dropped and made anew is another. */
  tableOid?: string;
}

/** How far the sources were read, as `watermarks/extract.json` says. */
interface Watermarks {
  /** The sources that this is about: those of another shop say nothing about this one. */
  source: string;
  tables: Record<string, Watermark>;
}

/** Beneath it are the watermarks. */
export const WATERMARKS = "watermarks/";
/** Key of the watermarks of the extract. */
export const WATERMARKS_KEY = `${WATERMARKS}extract.json`;

const shape = z.looseObject({
  source: z.string(),
  tables: z.record(z.string(), z.looseObject({ comparedAt: z.string() })),
});

/** The watermarks of the last extract that was published, or undefined when there was none. */
export async function readWatermarks(store: ObjectStore): Promise<Watermarks | undefined> {
  return (await readJson<Watermarks>(store, WATERMARKS_KEY, shape))?.value;
}

/** Moves the watermarks; the rows up to them must be published already. */
export async function moveWatermarks(store: ObjectStore, watermarks: Watermarks): Promise<void> {
  await store.put(WATERMARKS_KEY, encodeJson(watermarks));
}
