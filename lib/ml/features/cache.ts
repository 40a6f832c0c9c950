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
}

/** Of the checksum in hexadecimal. */
const CHECKSUM_DIGITS = 8;

/**
 * What it is and a checksum of all that follows; a line of JSON, padded so that values begin at a whole word; the values
 * row by row (4 bytes each, in the machine's order, as the folder is the machine's own); the ids as JSON.
 */
function encode({ asOf, ids, matrix }: FeatureTable): Uint8Array {
  const { values, names, rows } = matrix;
  const header = new TextEncoder().encode(JSON.stringify({ asOf, names, rows } satisfies Header));
  const list = new TextEncoder().encode(JSON.stringify(ids));
  const start = MAGIC.length + CHECKSUM_DIGITS + 2;
  const begin = Math.ceil((start + header.length + 1) / 4) * 4;
  const body = new Uint8Array(begin + values.byteLength + list.length).fill(32, 0, begin);
  body.set(header, start);
  body[begin - 1] = 10;
  body.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), begin);
  body.set(list, begin + values.byteLength);
  body.set(new TextEncoder().encode(headOf(body.subarray(start))));
  return body;
}

const headOf = (rest: Uint8Array) => `${MAGIC} ${crc32(rest).toString(16).padStart(CHECKSUM_DIGITS, "0")} `;

/** Undefined where the bytes are not those that {@linkcode encode} made. */
function decode(body: Uint8Array<ArrayBuffer>): FeatureTable | undefined {
  const start = MAGIC.length + CHECKSUM_DIGITS + 2;
  const text = (from: number, to?: number) => new TextDecoder().decode(body.subarray(from, to));
  if (text(0, start) !== headOf(body.subarray(start))) return undefined;
  const begin = body.indexOf(10, start) + 1;
  const { asOf, names, rows } = JSON.parse(text(start, begin)) as Header;
  const values = new Float32Array(body.buffer, body.byteOffset + begin, rows * names.length);
  const ids = JSON.parse(text(begin + values.byteLength)) as string[];
  return { asOf, ids, matrix: { names, rows, values } };
}
