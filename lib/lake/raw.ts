import { LakeError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { isDeepStrictEqual } from "node:util";
import { encodeJson, readJson, swapJson, updateJson } from "./store/json_object.ts";
import type { ObjectStore } from "./store/object_store.ts";
import type { RawRun, TableFile } from "./snapshots.ts";

/** A raw file. Never changed once written; compaction replaces several by one. */
export interface RawFile extends TableFile {
  /** Whose rows it holds: those of one run, or of several that were merged, in the order of extraction. */
  runs: RawRun[];
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
  /** Control totals of these rows by month, as the source had them; none where nothing was counted. */
  controlTotals?: Record<string, RawTotals>;
  /** How far the source was read, in the text form of the watched column; none where all rows are always compared. */
  watermark?: string;
  /** When all rows were last compared (ISO 8601); none where they always are. */
  refreshedAt?: string;
  /** The moment at which the table was read, where the source can tell which rows were written since. */
  writeMark?: { scope: string; transaction: string };
  /** Hash of what was read, where the source is a file. */
  fingerprint?: string;
  /** Rows of the source that hold a wrong value and are left out; none where there are no such rows. */
  quarantined?: number;
  /** Which table of the database was read: one that was dropped and created again is another. */
  tableOid?: string;
}

/** What the extracts brought from the sources up to a run. */
export interface RawState {
  /** The run that last changed something. */
  run: string;
  extractedAt: string;
  /** Where the rows came from, without passwords. */
  source: string;
  /** Time of the PostgreSQL transaction that this run read in. */
  sourceTransactionTime?: string;
  /** By source table, `support_tickets` included. */
  tables: Record<string, RawTable>;
}

/** The present state, as `raw/current.json` says; see documentation/explanation/incremental_builds.md. */
export interface RawExtract extends RawState {
  /**
   * The last state that data tests let pass, where that is another. When they refuse the present one, the next extract
   * goes on from here, as if what came since had never been.
   */
  accepted?: RawState;
  /** That data tests refused a snapshot of the present state. */
  refused?: Refusal;
  /** Runs that people took out of the history, the latest last. */
  withdrawn?: Withdrawal[];
  /** Tables that lack withdrawn rows until the next extract has read them in full. */
  incomplete?: string[];
}

/** A snapshot that data tests kept from being published. */
export interface Refusal {
  at: string;
  /** The run whose state it was. */
  run: string;
}

/** A run that was taken out of the history. */
export interface Withdrawal {
  run: string;
  at: string;
}

/** Key of the object that says which extract is current. */
export const CURRENT_EXTRACT = "raw/current.json";

export const extractShape = z.looseObject({
  run: z.string(),
  extractedAt: z.string(),
  source: z.string(),
  tables: z.record(
    z.string(),
    z.looseObject({
      contentSha256: z.string(),
      files: z.array(z.looseObject({ key: z.string(), runs: z.array(z.looseObject({ run: z.string() })) })),
    }),
  ),
});

/** Key of a table's raw file, by the run that wrote it or by another name that no file has yet. */
export const rawKey = (table: string, name: string) => `raw/${table}/${name}.parquet`;

/** An extract with the tag of the object that it was read from. */
export interface RawExtractVersion {
  extract: RawExtract;
  etag: string;
}

/** The current extract with its tag, which {@linkcode moveWatermarks} compares. */
export async function currentRawVersion(store: ObjectStore): Promise<RawExtractVersion | undefined> {
  const found = await readJson<RawExtract>(store, CURRENT_EXTRACT, extractShape);
  return found && { extract: found.value, etag: found.etag };
}

/**
 * The current extract, for callers that cannot go on without.
 *
 * @throws {LakeError} when nothing was extracted yet.
 */
export async function readRawExtract(store: ObjectStore): Promise<RawExtract> {
  const version = await currentRawVersion(store);
  if (version !== undefined) return version.extract;
  throw new LakeError("Nothing was extracted from the sources yet", {
    expected: `${CURRENT_EXTRACT} in ${store.url}`,
    found: "none",
    remedy: "Run `deno task pipeline run extract`.",
  });
}

/**
 * Makes an extract the current one; its files must be in the store already. One whose watermarks alone were moved
 * meanwhile is the same as before.
 *
 * @param replaces Extract that was current when the work on this one began, null when there was none; by default
 *   whichever is current is replaced.
 * @throws {LakeError} when another run published meanwhile, the state was refused, or a run was withdrawn: what this one
 *   calls changed is so no more.
 */
export async function publishRawExtract(
  store: ObjectStore,
  extract: RawExtract,
  { replaces }: { replaces?: RawExtract | null } = {},
): Promise<void> {
  if (replaces === undefined) return void await store.put(CURRENT_EXTRACT, encodeJson(extract));
  await updateJson<RawExtract>(store, CURRENT_EXTRACT, (present) => {
    // A write that seemed to fail may have arrived.
    if (isDeepStrictEqual(identityOf(present), identityOf(extract))) return undefined;
    if (isDeepStrictEqual(identityOf(present), identityOf(replaces ?? undefined))) return extract;
    throw new LakeError("Another run changed the raw layer while this one ran", {
      expected: `${CURRENT_EXTRACT} in ${store.url} as it was when this run began`,
      remedy: "Run the command again; nothing of this run is visible.",
    });
  }, { shape: extractShape });
}

/** What makes an extract another one to those that go on from it: everything but how far the sources were read. */
const identityOf = (extract: RawExtract | undefined) =>
  extract && [extract.run, extract.refused?.at, extract.withdrawn?.at(-1)];

/**
 * Notes how far the sources were read by a run that found no change. Where another extract was published meanwhile,
 * its watermarks stay.
 */
export async function moveWatermarks(
  store: ObjectStore,
  { extract, etag }: RawExtractVersion,
  tables: Record<string, RawTable>,
): Promise<void> {
  if (isDeepStrictEqual(extract.tables, tables)) return;
  await swapJson(store, CURRENT_EXTRACT, { ...extract, tables }, { etag });
}
