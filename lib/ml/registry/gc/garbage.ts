import { ModelError } from "shopflow/errors/mod.ts";
import type { ObjectStat, ObjectStore } from "shopflow/lake/store/mod.ts";
import { currentChampion, modelCard, UNFINISHED, unfinishedFiles } from "../versions.ts";
import { promotionDecisions } from "../champion.ts";
import { baselineVersion } from "../list.ts";
import { currentScores, forgetScores, type PublishedScores, publishedScores } from "../scores.ts";

/** What is kept of models and scores. */
export interface RegistryRetention {
  /** How many of the newest versions of each model stay, besides those that something needs. */
  keepVersions: number;
  /** How many of the newest score tables of each name stay, the current one among them. */
  keepScores: number;
  /**
   * Names of score tables whose outcomes are looked up later: of these the first of each month stays for
   * {@linkcode MONTHS_OF_SCORES} months.
   */
  monitored?: readonly string[];
  /** What was written later than this stays: a run may be about to name it; milliseconds. */
  minimumAgeMs: number;
}

/** A year and a month, so that scores can be compared with those of the same season. */
const MONTHS_OF_SCORES = 13;

/** Something that is removed as a whole. */
export interface RegistryObjects {
  /** For messages, e.g. `models/churn/0123456789ab`. */
  name: string;
  /** Bytes. */
  size: number;
  keys: string[];
}

/** Model versions and score tables that nothing needs. */
export interface RegistryGarbage {
  versions: RegistryObjects[];
  scoreTables: RegistryObjects[];
}

/**
 * Finds model versions and score tables that nothing needs any more. Of a model stay its champion and the version whose
 * quality that has to keep, the champion before it, the last one that waits for approval, the baseline that serves, those
 * that made a score table that stays, and the newest. Versions that were written in part by a training that was killed
 * go, too. Only what a card, a list of score tables or a note of a training names is the lake's.
 *
 * @throws {LakeError} when what is said of scores cannot be read: which version they need is not known.
 */
export async function findRegistryGarbage(
  store: ObjectStore,
  retention: RegistryRetention,
  now: Date,
): Promise<RegistryGarbage> {
  const isOld = ({ modified }: ObjectStat) => now.getTime() - modified.getTime() >= retention.minimumAgeMs;
  const scores = await findScoreTables(store, retention, { isOld, now });
  const versions = await findVersions(store, retention, { isOld, needed: scores.modelVersions });
  return { versions, scoreTables: scores.garbage };
}

/**
 * Removes what {@linkcode findRegistryGarbage} found, unless it came into use meanwhile.
 *
 * @returns What was removed.
 */
export async function removeRegistryGarbage(
  store: ObjectStore,
  { versions, scoreTables }: RegistryGarbage,
): Promise<RegistryGarbage> {
  const removed: RegistryGarbage = { versions: [], scoreTables: [] };
  for (const table of scoreTables) {
    const [, name = ""] = table.name.split("/");
    if (table.keys.includes((await currentScores(store, name))?.key ?? "")) continue;
    for (const key of table.keys) await store.delete(key);
    await forgetScores(store, name, table.keys);
    removed.scoreTables.push(table);
  }
  for (const one of versions) {
    const [, name = "", version = ""] = one.name.split("/");
    if ((await currentChampion(store, name))?.version === version) continue;
    await removeVersion(store, name, version, one.keys);
    removed.versions.push(one);
  }
  return removed;
}

/** The card first, so that no version looks complete that is not; the note last, which names the rest after a kill. */
async function removeVersion(
  store: ObjectStore,
  name: string,
  version: string,
  keys: string[],
): Promise<void> {
  const folder = `models/${name}/${version}`;
  const note = `${folder}/${UNFINISHED}`;
  await unfinishedFiles.note(store, folder, keys.filter((key) => key !== note));
  const card = `${folder}/card.json`;
  for (const key of [card, ...keys.filter((key) => key !== card && key !== note), note]) {
    await store.delete(key);
  }
}

async function findScoreTables(
  store: ObjectStore,
  { keepScores, monitored = [] }: RegistryRetention,
  { isOld, now }: { isOld: (object: ObjectStat) => boolean; now: Date },
): Promise<{ garbage: RegistryObjects[]; modelVersions: Set<string> }> {
  const garbage: RegistryObjects[] = [];
  const modelVersions = new Set<string>();
  const objects = new Map((await store.list("scores/")).map((object) => [object.key, object]));
  const names = [...objects.keys()].flatMap((key) => /^scores\/([^/]+)\/current\.json$/.exec(key)?.[1] ?? []);
  for (const name of names) {
    const current = await currentScores(store, name);
    const published = await publishedScores(store, name);
    const newest = published.slice(-keepScores);
    const monthly = monitored.includes(name) ? firstOfEachMonth(published, now) : [];
    for (const table of published) {
      const object = objects.get(table.key);
      const isKept = table.key === current?.key || newest.includes(table) || monthly.includes(table) ||
        object !== undefined && !isOld(object);
      if (isKept) modelVersions.add(table.modelVersion);
      else garbage.push({ name: table.key, size: object?.size ?? 0, keys: [table.key] });
    }
    if (current !== undefined) modelVersions.add(current.modelVersion);
  }
  return { garbage, modelVersions };
}

/**
 * The tables of the first scored day of each of the last months, by the day that their scores are as of. A day that was
 * scored again has what people saw last, as in the comparison with its outcomes.
 */
function firstOfEachMonth(published: PublishedScores[], now: Date): PublishedScores[] {
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS_OF_SCORES, 1))
    .toISOString();
  const first = new Map<string, PublishedScores>();
  for (const table of published) {
    const month = table.asOf.slice(0, 7);
    const known = first.get(month);
    if (month >= from.slice(0, 7) && (known === undefined || table.asOf <= known.asOf)) {
      first.set(month, table);
    }
  }
  return [...first.values()];
}

const FILE = /^models\/([^/]+)\/([^/]+)\/([^/]+)$/;

async function findVersions(
  store: ObjectStore,
  { keepVersions }: RegistryRetention,
  { isOld, needed }: { isOld: (object: ObjectStat) => boolean; needed: Set<string> },
): Promise<RegistryObjects[]> {
  const folders = new Map<string, Map<string, ObjectStat[]>>();
  for (const object of await store.list("models/")) {
    const [, name, version] = FILE.exec(object.key) ?? [];
    if (name === undefined || version === undefined) continue;
    const versions = folders.get(name) ?? new Map<string, ObjectStat[]>();
    folders.set(name, versions.set(version, [...versions.get(version) ?? [], object]));
  }
  const garbage: RegistryObjects[] = [];
  for (const [name, versions] of folders) {
    const kept = new Set([...needed, ...await inUse(store, name)]);
    const complete: { version: string; trainedAt: string; objects: ObjectStat[] }[] = [];
    for (const [version, objects] of versions) {
      const own = await ownObjects(store, name, version, objects);
      if (own === undefined) continue;
      if (own.trainedAt !== undefined) {
        complete.push({ version, trainedAt: own.trainedAt, objects: own.objects });
      } else if (own.objects.every(isOld)) garbage.push(objectsOf(name, version, own.objects));
    }
    const byAge = complete.sort((a, b) => a.trainedAt < b.trainedAt ? 1 : -1);
    for (const { version, objects } of byAge.slice(keepVersions)) {
      if (!kept.has(version) && objects.every(isOld)) garbage.push(objectsOf(name, version, objects));
    }
  }
  return garbage;
}

/**
 * The objects of a version that the lake wrote, and when it was trained, where it is complete; undefined where nothing
 * says that it is the lake's, or its card was changed.
 */
async function ownObjects(
  store: ObjectStore,
  name: string,
  version: string,
  objects: ObjectStat[],
): Promise<{ objects: ObjectStat[]; trainedAt?: string } | undefined> {
  const folder = `models/${name}/${version}/`;
  const named = (files: string[]) => objects.filter(({ key }) => files.includes(key.slice(folder.length)));
  if (objects.some(({ key }) => key === `${folder}card.json`)) {
    try {
      const { files, trainedAt } = await modelCard(store, name, version);
      return { objects: named([...files, "card.json", UNFINISHED]), trainedAt };
    } catch (error) {
      // Somebody may want to look at it, or restore it.
      if (error instanceof ModelError) return undefined;
      throw error;
    }
  }
  const files = await unfinishedFiles.read(store, folder.slice(0, -1));
  return files && { objects: named([...files, UNFINISHED]) };
}

/** Versions of a model that something names. */
async function inUse(store: ObjectStore, name: string): Promise<string[]> {
  const champion = await currentChampion(store, name);
  const decisions = await promotionDecisions(store, name);
  const { decision } = champion ?? {};
  return [
    champion?.version,
    decision?.reference,
    decision?.champion ?? undefined,
    decisions.find(({ outcome }) => outcome === "held")?.version,
    await baselineVersion(store, name),
  ].filter((version) => version !== undefined);
}

const objectsOf = (name: string, version: string, objects: ObjectStat[]): RegistryObjects => ({
  name: `models/${name}/${version}`,
  size: objects.reduce((sum, { size }) => sum + size, 0),
  keys: objects.map(({ key }) => key),
});
