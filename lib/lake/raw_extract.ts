import { LakeError } from "shopflow/errors/mod.ts";
import { encodeJson, readJson } from "./json_object.ts";
import type { ObjectStore } from "./object_store.ts";
import type { TableFile } from "./snapshots.ts";

/** The raw file of a source table. */
export interface RawTable extends TableFile {
  /** Hash of the rows as the source gave them: equal rows keep the file of an earlier run. */
  contentSha256: string;
}

/** What the last extract brought from the sources, as `raw/current.json` says. */
export interface RawExtract {
  /** The run that last changed something. */
  run: string;
  extractedAt: string;
  /** Where the rows came from, without passwords. */
  source: string;
  /** By source table, `support_tickets` included. */
  tables: Record<string, RawTable>;
}

const CURRENT = "raw/current.json";

/** Key of a table's raw file. */
export const rawKey = (table: string, run: string) => `raw/${table}/${run}.parquet`;

/** The current extract, or undefined when there was none yet. */
export async function currentRawExtract(store: ObjectStore): Promise<RawExtract | undefined> {
  return (await readJson<RawExtract>(store, CURRENT))?.value;
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
    expected: `${CURRENT} in ${store.url}`,
    found: "none",
    remedy: "Run `deno task pipeline run extract`.",
  });
}

/** Makes an extract the current one; its files must be in the store already. */
export async function publishRawExtract(store: ObjectStore, extract: RawExtract): Promise<void> {
  await store.put(CURRENT, encodeJson(extract));
}
