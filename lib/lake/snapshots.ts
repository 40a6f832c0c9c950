import { LakeError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { z } from "zod";
import { decodeJson, encodeJson, readJson } from "./store/json_object.ts";
import type { ObjectStat, ObjectStore } from "./store/object_store.ts";
import { movePointer, POINTER, type Pointer, readPointer } from "./pointer.ts";

/** An immutable file of a table, named by its content. */
export interface TableFile {
  key: string;
  rows: number;
  /** Bytes. */
  size: number;
  sha256: string;
  /** Month of the rows, `2024-05`, of a table that is kept by month. */
  partition?: string;
}

/** The rows of a table that one run found new, changed or deleted, as a part of a raw file. */
export interface RawRun {
  run: string;
  /** The `_extracted_at` of its rows. */
  extractedAt: string;
  rows: number;
  /** Hash of the file that the run wrote: what it brought is the same in whichever file it is kept. */
  sha256: string;
  /** Time of the PostgreSQL transaction that it read in, by the clock of that server. */
  sourceTime?: string;
}

/** A file that a snapshot is made from; of those that extracts write it is known whose rows they hold. */
export type InputFile = TableFile & { runs?: RawRun[] };

/** A table of a snapshot. */
export interface SnapshotTable {
  /** Column name and DuckDB type, in order. */
  columns: { name: string; type: string }[];
  rows: number;
  files: TableFile[];
}

/** What a published snapshot consists of and was made from. */
export interface Manifest {
  /** Content hash of tables, inputs and code: the same inputs give the same id. */
  id: string;
  createdAt: string;
  codeVersion: string;
  /** Raw files by source table. */
  inputs: Record<string, InputFile[]>;
  tables: Record<string, SnapshotTable>;
  lineage?: Lineage;
  /** What the data tests said of the tables before they were published. */
  dataTests?: { passed: number; warnings: { name: string; failures: number }[] };
  /** Models and files that were wrong, and that the snapshot does without. */
  leftOut?: { name: string; reason: string }[];
}

/** How a snapshot came about, beside its raw files and code version. */
export interface Lineage {
  /** Hash of the SQL of each model, by name. */
  models: Record<string, string>;
  /** Months of the rows of raw files whose facts are kept by month, by the file's key. */
  rawMonths: Record<string, string[]>;
  /** Raw files that have keys with blanks around them or without a value, where that was looked for. */
  keysNeedingTrim?: string[];
  /** Up to where each source table was read, where the extract says it. */
  watermarks?: Record<string, string>;
  /** When the source's transaction was that the last extract read, where the extract says it. */
  sourceTransactionTime?: string;
}

/** A snapshot that is current, and since when: it may become so again. */
export type CurrentSnapshot = Pick<Pointer, "snapshot" | "publishedAt">;

interface PublishOptions {
  /**
   * The snapshot that was current when the work began (null: there was none). A run that was overtaken by another must
   * not put its older tables over the newer ones, nor undo a rollback to the same snapshot that came meanwhile. By
   * default whichever is current is replaced.
   */
  replaces?: CurrentSnapshot | null | undefined;
}

/** Key of a snapshot's manifest. */
export const manifestKey = (id: string) => `snapshots/${id}.json`;
/** The id in the key of a manifest; undefined where the key is not that of one. */
const idOf = (key: string): string | undefined => /^snapshots\/([0-9a-f]{16})\.json$/.exec(key)?.[1];

const fileShape = z.looseObject({ key: z.string(), rows: z.number(), size: z.number(), sha256: z.string() });
const manifestShape = z.looseObject({
  id: z.string(),
  createdAt: z.string(),
  codeVersion: z.string(),
  inputs: z.record(z.string(), z.array(fileShape)),
  tables: z.record(
    z.string(),
    z.object({
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
      rows: z.number(),
      files: z.array(fileShape),
    }),
  ),
});

/**
 * Publishes tables whose files are already in the store: first the manifest, then the pointer. A crash in
 * between leaves the previous snapshot current.
 *
 * @throws {LakeError} when another writer moved the pointer meanwhile.
 */
export async function publishSnapshot(
  store: ObjectStore,
  content: Omit<Manifest, "id" | "createdAt">,
  now: Date,
  { replaces }: PublishOptions = {},
): Promise<Manifest> {
  const current = await currentSnapshot(store) ?? null;
  const id = contentId(content);
  const manifest: Manifest = { id, createdAt: now.toISOString(), ...content };
  // A manifest that exists already says the same, since its name is the hash of its content, unless it was damaged.
  if (!await store.putIfAbsent(manifestKey(id), encodeJson(manifest)) && !await isReadable(store, id)) {
    await store.put(manifestKey(id), encodeJson(manifest));
  }
  if (current?.snapshot === id) return await readManifest(store, id);
  const expected = replaces === undefined ? current : replaces;
  await movePointer(store, [manifestKey(id), ...filesOf(manifest)], (before) => {
    const isExpected = before?.snapshot === expected?.snapshot &&
      before?.publishedAt === expected?.publishedAt;
    if (isExpected) return { snapshot: id, publishedAt: now.toISOString() };
    throw new LakeError("Another run published a snapshot at the same time", {
      expected: `${POINTER} as it was when this run started`,
      found: before === undefined
        ? "none"
        : `snapshot ${before.snapshot}, current since ${before.publishedAt}`,
      remedy: "Run the pipeline again; nothing of this run is visible.",
    });
  });
  return await readManifest(store, id);
}

/**
 * The stored manifests, and what lies beside them that this lake did not write.
 *
 * @throws {LakeError} for a manifest that cannot be read or was changed: which files it names is not known.
 */
export async function storedManifests(
  store: ObjectStore,
): Promise<{ manifests: { stat: ObjectStat; manifest: Manifest }[]; others: ObjectStat[] }> {
  const manifests: { stat: ObjectStat; manifest: Manifest }[] = [];
  const others: ObjectStat[] = [];
  await Promise.all((await store.list("snapshots/")).map(async (stat) => {
    if (stat.key === POINTER) return;
    const id = idOf(stat.key);
    const object = id === undefined ? undefined : await store.get(stat.key);
    if (id === undefined) return void others.push(stat);
    // Another collection deleted it meanwhile.
    if (object === undefined) return;
    const named = decodeJson<{ id?: unknown } | null>(store, stat.key, object);
    // A manifest says its own name; JSON of other programs does not.
    if (named?.id !== id) return void others.push(stat);
    const manifest = decodeJson<Manifest>(store, stat.key, object, manifestShape);
    manifests.push({ stat, manifest: requireIntact(store, id, manifest) });
  }));
  return { manifests, others };
}

async function isReadable(store: ObjectStore, id: string): Promise<boolean> {
  const object = await store.get(manifestKey(id));
  if (object === undefined) return false;
  try {
    await readManifest(store, id);
    return true;
  } catch (error) {
    if (error instanceof LakeError) return false;
    throw error;
  }
}

/** The id of a manifest with this content: a part of its hash. */
function contentId(content: Omit<Manifest, "id" | "createdAt">): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
}

/** Keys of all data files that a manifest names: those of its tables and the raw ones they were made from. */
export function filesOf({ tables, inputs }: Pick<Manifest, "tables" | "inputs">): string[] {
  const files = [...Object.values(tables).map((table) => table.files), ...Object.values(inputs)].flat();
  return [...new Set(files.map((file) => file.key))];
}

/** The current snapshot, or undefined in a lake where nothing was published. */
export async function currentSnapshot(store: ObjectStore): Promise<CurrentSnapshot | undefined> {
  const pointer = (await readPointer(store))?.value;
  return pointer && { snapshot: pointer.snapshot, publishedAt: pointer.publishedAt };
}

/** The current snapshot's id, or undefined in a lake where nothing was published. */
export async function currentSnapshotId(store: ObjectStore): Promise<string | undefined> {
  return (await currentSnapshot(store))?.snapshot;
}

/**
 * The manifest of a snapshot, by default of the current one.
 *
 * @throws {LakeError} when nothing was published yet, there is no such snapshot, or its manifest was changed since it
 *   was written.
 */
export async function readManifest(store: ObjectStore, id?: string): Promise<Manifest> {
  const wanted = id ?? await currentSnapshotId(store);
  if (wanted === undefined) {
    throw new LakeError("The lake has no published snapshot", {
      expected: `${POINTER} in ${store.url}`,
      found: "none",
      remedy: "Run `deno task pipeline run all`, or set SHOPFLOW_LAKE to a lake that has one.",
    });
  }
  const manifest = await readJson<Manifest>(store, manifestKey(wanted), manifestShape);
  if (manifest === undefined) {
    throw new LakeError(`The lake ${store.url} has no snapshot ${wanted}`, {
      remedy: "`deno task lake snapshots` lists those that exist.",
    });
  }
  return requireIntact(store, wanted, manifest.value);
}

/** @throws {LakeError} when a manifest is not the one of this id: it was changed since it was written. */
function requireIntact(store: ObjectStore, id: string, manifest: Manifest): Manifest {
  const { id: ownId, createdAt: _, ...content } = manifest;
  const found = contentId(content);
  if (ownId === id && found === id) return manifest;
  throw new LakeError(`${manifestKey(id)} in the lake ${store.url} was changed since it was written`, {
    expected: `content with the hash ${id}`,
    found: `the id ${ownId} and content with the hash ${found}`,
    remedy: "Restore it from a backup, or go back to another snapshot with `deno task lake rollback`.",
  });
}
