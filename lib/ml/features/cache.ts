import { createHash } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import type { OpenSnapshot } from "shopflow/warehouse/mod.ts";
import type { AsOfDate } from "../as_of_date.ts";
import type { FeatureMatrix } from "../classifier/mod.ts";

/** Features of a population as of a date. */
export interface FeatureTable {
  asOf: AsOfDate;
  /** The entities, sorted; row by row those of the matrix. */
  ids: string[];
  matrix: FeatureMatrix;
}

/**
 * Feature tables that were computed before, as immutable files `<snapshot>/<hash of the query>`. A table follows from its
 * snapshot and its SQL, which holds declarations, population and date: whatever changes of these has another name, and two
 * processes that write one file write the same. Nothing depends on a file: one that is missing or damaged is computed again.
 */
export interface FeatureCache {
  /** Undefined where there is none, or it is damaged. */
  read(key: FeatureKey): Promise<FeatureTable | undefined>;
  /** Keeps a table; beyond the limit the files that were written first are removed. */
  write(key: FeatureKey, table: FeatureTable): Promise<void>;
  /** Removes files of other snapshots than these. @returns how many, and their bytes. */
  keepOnly(snapshots: readonly string[]): Promise<{ files: number; size: number }>;
}

/** What a feature table follows from. */
export interface FeatureKey {
  snapshot: string;
  sql: string;
  /** Of DuckDB, whose sums of fractions may differ in their last bits. */
  engine: string;
}

/** The cache as a session of one snapshot uses it. */
export interface SnapshotFeatures {
  cache: FeatureCache;
  snapshot: string;
}

/** In its own folder of `SHOPFLOW_HOME`, which may be a folder that has a `cache` already. */
const FOLDER = join("cache", "shopflow_features");
const MAGIC = "shopflow-features-1";

/**
 * Opens the cache under `SHOPFLOW_HOME`.
 *
 * @param options.warn What is said when a file cannot be read or written, which is no reason not to train.
 * @returns Undefined where its limit is 0.
 */
export function openFeatureCache(
  { home, featureCacheBytes }: { home: string; featureCacheBytes: number },
  options: { warn?: (text: string) => void } = {},
): FeatureCache | undefined {
  if (featureCacheBytes === 0) return undefined;
  const store = createDirectoryStore(join(home, FOLDER), { sync: false });
  return createFeatureCache(store, { mostBytes: featureCacheBytes, ...options });
}

/**
 * A cache in a store.
 *
 * @param options.mostBytes The size that it may have.
 */
export function createFeatureCache(
  store: ObjectStore,
  { mostBytes, warn = () => {} }: { mostBytes: number; warn?: (text: string) => void },
): FeatureCache {
  const unlessFailed = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ShopFlowError)) throw error;
      warn(`The feature cache ${store.url} could not be ${what}: ${error.message}`);
    }
  };
  const shrink = async (newest: string) => {
    const files = (await store.list("")).sort((a, b) => a.modified.getTime() - b.modified.getTime());
    let size = files.reduce((sum, file) => sum + file.size, 0);
    for (const file of files) {
      if (size <= mostBytes) return;
      if (file.key === newest) continue;
      await store.delete(file.key);
      size -= file.size;
    }
  };
  return {
    async read(key) {
      const name = fileName(key);
      const file = await unlessFailed("read", () => store.get(name));
      if (file === undefined) return undefined;
      const table = decode(file.body);
      if (table === undefined) {
        warn(`The file ${name} of the feature cache is damaged; it is computed again.`);
      }
      return table;
    },
    async write(key, table) {
      const body = encode(table);
      if (body.length > mostBytes) return;
      await unlessFailed("written", async () => {
        const name = fileName(key);
        await store.put(name, body);
        await shrink(name);
      });
    },
    async keepOnly(snapshots) {
      const kept = new Set(snapshots);
      const removed = { files: 0, size: 0 };
      for (const { key, size } of await store.list("")) {
        const [snapshot = ""] = key.split("/");
        if (kept.has(snapshot)) continue;
        await store.delete(key);
        removed.files++;
        removed.size += size;
      }
      return removed;
    },
  };
}

/** A session of a snapshot that keeps and finds its feature tables in a cache. */
export function withFeatureCache(session: OpenSnapshot, cache: FeatureCache | undefined): CachedSnapshot {
  return cache === undefined
    ? session
    : { ...session, featureCache: { cache, snapshot: session.manifest.id } };
}

/** A snapshot that is read with the cache of its features. */
export interface CachedSnapshot extends OpenSnapshot {
  readonly featureCache?: SnapshotFeatures;
}

function fileName({ snapshot, sql, engine }: FeatureKey): string {
  const hash = createHash("sha256").update([MAGIC, engine, sql].join("\n")).digest("hex");
  return `${snapshot}/${hash.slice(0, 32)}`;
}

interface Header {
  asOf: AsOfDate;
  names: readonly string[];
  rows: number;
  crc: number;
}

/** A line of JSON padded to whole words, the values (4 bytes each, row by row, little-endian), the ids as JSON. */
function encode({ asOf, ids, matrix }: FeatureTable): Uint8Array {
  const values = new Uint8Array(matrix.values.buffer, matrix.values.byteOffset, matrix.values.byteLength);
  const names = new TextEncoder().encode(JSON.stringify(ids));
  const crc = crc32(names, crc32(values));
  const header: Header = { asOf, names: matrix.names, rows: matrix.rows, crc };
  const line = new TextEncoder().encode(`${MAGIC} ${JSON.stringify(header)}`);
  const begin = Math.ceil((line.length + 1) / 4) * 4;
  const body = new Uint8Array(begin + values.length + names.length).fill(32, 0, begin);
  body.set(line);
  body[begin - 1] = 10;
  body.set(values, begin);
  body.set(names, begin + values.length);
  return body;
}

/** Undefined where the bytes are not those that {@linkcode encode} made. */
function decode(body: Uint8Array<ArrayBuffer>): FeatureTable | undefined {
  const begin = body.indexOf(10) + 1;
  const line = new TextDecoder().decode(body.subarray(0, begin));
  if (!line.startsWith(`${MAGIC} `)) return undefined;
  try {
    const { asOf, names, rows, crc } = JSON.parse(line.slice(MAGIC.length)) as Header;
    if (crc32(body.subarray(begin)) !== crc) return undefined;
    const values = new Float32Array(body.buffer, body.byteOffset + begin, rows * names.length);
    const ids = JSON.parse(
      new TextDecoder().decode(body.subarray(begin + values.byteLength)),
    ) as string[];
    return { asOf, ids, matrix: { names, rows, values } };
  } catch (error) {
    // A header whose bytes were changed is no JSON, or tells of values that are not there.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
