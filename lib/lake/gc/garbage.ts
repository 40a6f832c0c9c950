import { LakeError } from "shopflow/errors/mod.ts";
import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { CURRENT_EXTRACT } from "../raw.ts";
import { decodeJson, readJson } from "../store/json_object.ts";
import type { ObjectStat, ObjectStore, OwnUnfinishedWrite } from "../store/object_store.ts";
import { POINTER, type Pointer } from "../pointer.ts";
import { type Manifest, manifestKey, storedManifests } from "../snapshots.ts";
import { type StoredRecord, storedRecords } from "./write_records.ts";

/** First folders of the keys of data files. */
const DATA_FOLDERS = ["raw/", "curated/"];

/**
 * Every key of a data file that a JSON value of the lake names, wherever in it. That a garbage collection need
 * not know what manifests and extracts look like keeps it from deleting what a newer version of them names.
 */
function namedKeys(value: unknown): string[] {
  if (typeof value === "string") {
    return DATA_FOLDERS.some((folder) => value.startsWith(folder)) ? [value] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [...namedKeys(name), ...namedKeys(inner)]);
}

/** What a garbage collection keeps. */
export interface Retention {
  /** How many of the newest snapshots stay; the current one and those that were rolled back stay in any case. */
  keep: number;
  /** Files younger than this stay, since a run in progress may be about to name them; milliseconds. */
  minimumAgeMs: number;
}

/** An object or an unfinished write of another program, which is kept. */
export interface ForeignObject {
  /** For messages: the key of an object. */
  name: string;
  /** Bytes. */
  size: number;
}

/** What is in a lake that nothing needs. */
export interface Garbage {
  /** Ids of the snapshots that stay. */
  kept: string[];
  /** Manifests of snapshots beyond those that are kept. */
  manifests: ObjectStat[];
  /** Raw and curated files that this lake wrote and that no kept snapshot and no extract names. */
  files: ObjectStat[];
  /** Records of writes that are not needed any more: their files are gone, or manifests name them. */
  records: ObjectStat[];
  /** What writes that were killed left behind. */
  unfinished: OwnUnfinishedWrite[];
  /** What lies where this lake writes, but was not written by it. It is never deleted. */
  foreign: ForeignObject[];
}

/** A snapshot as it is stored. */
interface Snapshot {
  stat: ObjectStat;
  manifest: Manifest;
}

/** A larger JSON object beside the raw and curated files is not one of a lake, of whichever version. */
const MOST_JSON_BYTES = 16 << 20;
/** So many of them are read at a time. */
const FOREIGN_AT_ONCE = 8;

/**
 * Finds the garbage of a lake. Only what the lake wrote can be garbage: manifests, and files that a manifest or a
 * record of writes names. Models, scores, reports and records of runs are never garbage.
 *
 * @param pointer The pointer, which must not move before the garbage is deleted.
 * @throws {LakeError} when a manifest or the extract cannot be read: what they name is not known.
 */
export async function findGarbage(
  store: ObjectStore,
  pointer: Pointer,
  { keep, minimumAgeMs }: Retention,
  now: Date,
): Promise<Garbage> {
  const old = ({ modified }: { modified: Date }) => now.getTime() - modified.getTime() >= minimumAgeMs;
  // Files before manifests and records: of a file that appears in between nothing is asked.
  const objects = (await Promise.all(DATA_FOLDERS.map((folder) => store.list(folder))))
    .flat();
  const { records, others: besideRecords } = await storedRecords(store);
  const { manifests, others: besideManifests } = await storedManifests(store);
  const snapshots = manifests.toSorted(newestFirst);
  requireCurrent(store, pointer, snapshots);
  const always = new Set([pointer.snapshot, ...(pointer.rolledBack ?? [])]);
  const kept = snapshots.filter(({ manifest }, rank) => rank < keep || always.has(manifest.id));
  const others = snapshots.filter((snapshot) => !kept.includes(snapshot));
  // The manifest of a publish in progress is younger than its pointer.
  const staying = [...kept, ...others.filter(({ stat }) => !old(stat))];
  const namedByStaying = keysIn(staying.map(({ manifest }) => manifest));
  const { named: namedBeside, ours } = await namedByExtract(store, objects);
  const dropped = others.filter(({ stat }) => old(stat));
  const namedByDropped = keysIn(dropped.map(({ manifest }) => manifest));

  const recorded = new Map(records.flatMap(({ files }) => [...files]));
  const isData = ({ key }: ObjectStat) => DATA_FOLDERS.some((folder) => key.startsWith(folder));
  const unnamed = objects.filter((object) =>
    !ours.has(object.key) && !namedByStaying.has(object.key) && !namedBeside.has(object.key)
  );
  const wroteIt = (file: ObjectStat) =>
    isData(file) && (recorded.get(file.key) === file.size || namedByDropped.has(file.key));
  const files = unnamed.filter((file) => wroteIt(file) && old(file));
  const { leftover, foreign } = await unfinishedWrites(store);
  return {
    kept: staying.map(({ manifest }) => manifest.id),
    manifests: dropped.map(({ stat }) => stat),
    files,
    records: doneRecords(records.filter(({ stat }) => old(stat)), objects, files, namedByStaying),
    unfinished: leftover.filter(old),
    foreign: [
      ...[...unnamed.filter((file) => !wroteIt(file)), ...besideManifests, ...besideRecords]
        .map(({ key, size }) => ({ name: key, size })),
      ...foreign,
    ].sort((a, b) => a.name < b.name ? -1 : 1),
  };
}

/**
 * What lies in the folders of a lake in which nothing was extracted or published yet, and was not written by a run
 * that was killed.
 */
export async function objectsBeforeLake(store: ObjectStore): Promise<ForeignObject[]> {
  const { records } = await storedRecords(store);
  const recorded = new Map(records.flatMap(({ files }) => [...files]));
  const folders = [...DATA_FOLDERS, "snapshots/"];
  const objects = (await Promise.all(folders.map((folder) => store.list(folder)))).flat();
  return objects.filter(({ key, size }) => recorded.get(key) !== size)
    .map(({ key, size }) => ({ name: key, size }));
}

/** What killed writes left behind, of an age at which they surely don't go on. */
export async function oldUnfinished(
  store: ObjectStore,
  { minimumAgeMs }: Retention,
  now: Date,
): Promise<OwnUnfinishedWrite[]> {
  const { leftover } = await unfinishedWrites(store);
  return leftover.filter(({ modified }) => now.getTime() - modified.getTime() >= minimumAgeMs);
}

async function unfinishedWrites(
  store: ObjectStore,
): Promise<{ leftover: OwnUnfinishedWrite[]; foreign: ForeignObject[] }> {
  const leftover: OwnUnfinishedWrite[] = [];
  const foreign: ForeignObject[] = [];
  for (const write of await store.unfinishedWrites?.() ?? []) {
    const { name, size, modified, remove } = write;
    if (remove === undefined) foreign.push({ name, size });
    else leftover.push({ name, size, modified, remove });
  }
  return { leftover, foreign };
}

const keysIn = (values: unknown[]) => new Set(values.flatMap((value) => namedKeys(value)));

function newestFirst(a: Snapshot, b: Snapshot): number {
  const [one, other] = [builtAt(a), builtAt(b)];
  return one > other || (one === other && a.manifest.id > b.manifest.id) ? -1 : 1;
}

/**
 * When a snapshot was built: by its own clock, but not after the store has it, lest one whose clock was ahead counts as
 * the newest for ever. (A copy of a lake has later times.)
 */
function builtAt({ manifest: { createdAt }, stat: { modified } }: Snapshot): string {
  const stored = modified.toISOString();
  return createdAt < stored ? createdAt : stored;
}

/** Without the manifest of the current snapshot its files would look like garbage. */
function requireCurrent(store: ObjectStore, { snapshot }: Pointer, snapshots: Snapshot[]): void {
  if (snapshots.some(({ manifest }) => manifest.id === snapshot)) return;
  throw new LakeError("The manifest of the current snapshot is missing", {
    expected: `${manifestKey(snapshot)} in ${store.url}, which ${POINTER} names`,
    remedy: "Restore the file from a backup, or run `deno task pipeline run transform --force`.",
  });
}

/**
 * Data files that the current extract and other small JSON objects beside it name. Those of a newer version of
 * ShopFlow may be among the others; JSON that cannot be read is of other programs.
 */
async function namedByExtract(
  store: ObjectStore,
  objects: ObjectStat[],
): Promise<{ named: Set<string>; ours: Set<string> }> {
  const ours = new Set([CURRENT_EXTRACT]);
  const beside = objects.filter(({ key, size }) =>
    key.endsWith(".json") && key.split("/").length === 2 && size <= MOST_JSON_BYTES && !ours.has(key)
  );
  const named = keysIn(
    await Promise.all([...ours].map(async (key) => (await readJson<unknown>(store, key))?.value)),
  );
  // A few at a time, and only what they name stays in memory: another program may have thousands of large ones there.
  await mapConcurrently(beside, FOREIGN_AT_ONCE, async ({ key }) => {
    for (const name of namedKeys(await readIfJson(store, key))) named.add(name);
  });
  return { named, ours };
}

async function readIfJson(store: ObjectStore, key: string): Promise<unknown> {
  const object = await store.get(key);
  try {
    return object && decodeJson<unknown>(store, key, object);
  } catch {
    return undefined;
  }
}

/** Records each of whose files is gone, is about to be deleted, or is known by a manifest that stays. */
function doneRecords(
  records: StoredRecord[],
  objects: ObjectStat[],
  files: ObjectStat[],
  namedByStaying: Set<string>,
): ObjectStat[] {
  const present = new Map(objects.map(({ key, size }) => [key, size]));
  for (const { key } of files) present.delete(key);
  const isDone = ([key, size]: [string, number]) => namedByStaying.has(key) || present.get(key) !== size;
  return records.filter((record) => [...record.files].every(isDone)).map(({ stat }) => stat);
}
