import { LakeError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { encodeJson, readJson } from "./json_object.ts";
import type { ObjectStore } from "./object_store.ts";

/** An immutable file of a table, named by its content. */
export interface TableFile {
  key: string;
  rows: number;
  /** Bytes. */
  size: number;
  sha256: string;
}

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
  inputs: Record<string, TableFile[]>;
  tables: Record<string, SnapshotTable>;
}

/** What `snapshots/current.json` holds. */
interface Pointer {
  snapshot: string;
  publishedAt: string;
}

const POINTER = "snapshots/current.json";
const manifestKey = (id: string) => `snapshots/${id}.json`;

/**
 * Publishes tables whose files are already in the store: first the manifest, then the pointer. A crash in
 * between leaves the former snapshot current.
 *
 * @throws {LakeError} when another writer moved the pointer meanwhile.
 */
export async function publishSnapshot(
  store: ObjectStore,
  content: Omit<Manifest, "id" | "createdAt">,
  now: Date,
): Promise<Manifest> {
  const before = await readJson<Pointer>(store, POINTER);
  const id = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
  const manifest: Manifest = { id, createdAt: now.toISOString(), ...content };
  // A manifest that exists already says the same: its name is the hash of its content.
  await store.putIfAbsent(manifestKey(id), encodeJson(manifest));
  if (before?.value.snapshot === id) return await readManifest(store, id);
  const pointer = encodeJson({ snapshot: id, publishedAt: now.toISOString() } satisfies Pointer);
  const moved = before === undefined
    ? await store.putIfAbsent(POINTER, pointer)
    : await store.putIfMatch(POINTER, pointer, before.etag);
  if (moved === undefined) {
    throw new LakeError("Another run published a snapshot at the same time", {
      expected: `${POINTER} as it was when this run started`,
      remedy: "Run the pipeline again; nothing of this run is visible.",
    });
  }
  return await readManifest(store, id);
}

/** The current snapshot's id, or undefined in a lake where nothing was published. */
export async function currentSnapshotId(store: ObjectStore): Promise<string | undefined> {
  return (await readJson<Pointer>(store, POINTER))?.value.snapshot;
}

/**
 * The manifest of a snapshot, by default of the current one.
 *
 * @throws {LakeError} when nothing was published yet or there is no such snapshot.
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
  const manifest = await readJson<Manifest>(store, manifestKey(wanted));
  if (manifest === undefined) {
    throw new LakeError(`The lake ${store.url} has no snapshot ${wanted}`, {
      remedy: "Look in its folder `snapshots/` for those that exist.",
    });
  }
  return manifest.value;
}
