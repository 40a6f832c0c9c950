import { idOf, manifestStats } from "./snapshot_history.ts";
import { readJson } from "./json_object.ts";
import { DATA_FOLDERS, namedKeys } from "./named_keys.ts";
import type { ObjectStat, ObjectStore, UnfinishedWrite } from "./object_store.ts";
import { POINTER, type Pointer } from "./snapshot_pointer.ts";

/** What a garbage collection keeps. */
export interface Retention {
  /** How many of the newest snapshots stay; the current one and those that were rolled back stay in any case. */
  keep: number;
  /** Files younger than this stay, since a run in progress may be about to name them; milliseconds. */
  minimumAgeMs: number;
}

/** What is in a lake that nothing needs. */
export interface Garbage {
  /** Ids of the snapshots that stay. */
  kept: string[];
  /** Manifests of snapshots beyond those that are kept. */
  manifests: ObjectStat[];
  /** Raw and curated files that no kept snapshot and no extract names. */
  files: ObjectStat[];
  /** What writes that were killed left behind. */
  unfinished: UnfinishedWrite[];
}

/**
 * Finds the garbage of a lake. Models, scores, reports and records of runs are never garbage.
 *
 * @param pointer The pointer, which must not move before the garbage is deleted.
 */
export async function findGarbage(
  store: ObjectStore,
  pointer: Pointer,
  { keep, minimumAgeMs }: Retention,
  now: Date,
): Promise<Garbage> {
  const old = ({ modified }: { modified: Date }) => now.getTime() - modified.getTime() >= minimumAgeMs;
  // Files before manifests: a file that appears in between is not even looked at.
  const files = (await Promise.all(DATA_FOLDERS.map((folder) => store.list(folder)))).flat().filter(old);
  const snapshots = await newestFirst(store);
  const always = new Set([pointer.snapshot, ...(pointer.withdrawn ?? [])]);
  const kept = snapshots.filter(({ id }, rank) => rank < keep || always.has(id));
  const others = snapshots.filter((snapshot) => !kept.includes(snapshot));
  // The manifest of a publish in progress is younger than its pointer.
  const young = others.filter(({ stat }) => !old(stat));
  const named = new Set([...kept, ...young].flatMap(({ manifest }) => namedKeys(manifest)));
  for (const key of await namedByOthers(store)) named.add(key);
  return {
    kept: [...kept, ...young].map(({ id }) => id),
    manifests: others.filter(({ stat }) => old(stat)).map(({ stat }) => stat),
    files: files.filter(({ key }) => key.endsWith(".parquet") && !named.has(key)),
    unfinished: await oldUnfinished(store, { keep, minimumAgeMs }, now),
  };
}

/** What killed writes left behind, of an age at which they surely don't go on. */
export async function oldUnfinished(
  store: ObjectStore,
  { minimumAgeMs }: Retention,
  now: Date,
): Promise<UnfinishedWrite[]> {
  const found = await store.unfinishedWrites?.() ?? [];
  return found.filter(({ modified }) => now.getTime() - modified.getTime() >= minimumAgeMs);
}

async function newestFirst(store: ObjectStore) {
  const stats = await manifestStats(store);
  const snapshots = await Promise.all(stats.map(async (stat) => {
    const manifest = (await readJson<{ createdAt?: string }>(store, stat.key))?.value ?? {};
    return { id: idOf(stat.key), stat, manifest, createdAt: manifest.createdAt ?? "" };
  }));
  return snapshots.sort((a, b) =>
    a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id) ? -1 : 1
  );
}

/** Data files that the current extract, watermarks and other small JSON objects beside the snapshots name. */
async function namedByOthers(store: ObjectStore): Promise<string[]> {
  const stats = (await Promise.all(["raw/", "curated/", "watermarks/"].map((folder) => store.list(folder))))
    .flat();
  const json = stats.filter(({ key }) => key.endsWith(".json") && key !== POINTER);
  const objects = await Promise.all(json.map(({ key }) => readJson<unknown>(store, key)));
  return objects.flatMap((object) => namedKeys(object?.value));
}
