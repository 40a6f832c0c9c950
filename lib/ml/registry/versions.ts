import { ModelError, ShopFlowError } from "shopflow/errors/mod.ts";
import { encodeSealedJson, type ObjectStore, readJson, readSealedJson } from "shopflow/lake/store/mod.ts";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  type Champion,
  championKey,
  type PointerMove,
  type PromotionDecision,
  promotionDecisions,
  recordDecisions,
  setPointer,
} from "./champion.ts";

/** What is known of a trained model: where it came from and how good it was. */
export interface ModelCard {
  name: string;
  /** Hash of training snapshot, parameters and code: the same training gives the same version. */
  version: string;
  trainedAt: string;
  /** Snapshot of the lake it was trained on. */
  snapshot: string;
  /** The training used only data before this day. */
  asOf: string;
  parameters: Record<string, unknown>;
  /** Hold-out metrics, the baselines among them. */
  metrics: Record<string, number>;
}

/** A card as it is stored: with the names of the version's files, and the SHA-256 of each. */
export type StoredCard = ModelCard & { files: string[]; sha256: Record<string, string> };

/** A trained model as the registry keeps it. */
export interface ModelVersion {
  card: ModelCard;
  /** Contents by file name. */
  files: Record<string, Uint8Array>;
}

const folder = (name: string, version: string) => `models/${name}/${version}`;

/** File of a version that names its others while they are written or removed. */
export const UNFINISHED = "unfinished.json";

/** The note of a version that is not complete: after a kill it says which files are the lake's. */
export const unfinishedFiles = {
  /** Resolves once the note is stored; only then may files be written, or the card removed. */
  async note(store: ObjectStore, place: string, keys: string[]): Promise<void> {
    const files = keys.map((key) => key.slice(key.lastIndexOf("/") + 1));
    await store.put(`${place}/${UNFINISHED}`, encodeSealedJson({ files }));
  },
  /** Names of the files, undefined where there is no note of ours. */
  async read(store: ObjectStore, place: string): Promise<string[] | undefined> {
    try {
      const key = `${place}/${UNFINISHED}`;
      return (await readSealedJson<{ files: string[] }>(store, key, { ...SEAL, remedy: "" }))?.value.files;
    } catch (error) {
      if (error instanceof ShopFlowError) return undefined;
      throw error;
    }
  },
};

/**
 * Stores a version: its files, then its card, so that a version with a card is complete. What is stored stays as it
 * is, since it may be scoring: a training that came out otherwise under the same version is stored under a name of
 * its own, and files that were lost are put back.
 *
 * @returns The card under which the content is stored.
 */
export async function saveModelVersion(
  store: ObjectStore,
  { card, files }: ModelVersion,
): Promise<StoredCard> {
  const place = folder(card.name, card.version);
  const stored = await storedCard(store, card.name, card.version);
  if (stored === "changed" || stored !== undefined && await isOther(store, stored, files)) {
    return await saveModelVersion(store, { card: { ...card, version: ownVersion(card, files) }, files });
  }
  if (stored === undefined) await unfinishedFiles.note(store, place, Object.keys(files));
  for (const [file, body] of Object.entries(files)) {
    if (stored === undefined) await store.put(`${place}/${file}`, body);
    else await store.putIfAbsent(`${place}/${file}`, body);
  }
  if (stored !== undefined) return stored;
  const entries = Object.entries(files).sort(([a], [b]) => a < b ? -1 : 1);
  const names = entries.map(([file]) => file);
  const sha256 = Object.fromEntries(entries.map(([file, body]) => [file, sha256Of(body)]));
  const complete = { ...card, files: names, sha256 };
  await store.putIfAbsent(`${place}/card.json`, encodeSealedJson(complete));
  await store.delete(`${place}/${UNFINISHED}`);
  return complete;
}

/** A version's card; undefined where there is none, `changed` where its content is not what was written. */
async function storedCard(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<StoredCard | "changed" | undefined> {
  const key = `${folder(name, version)}/card.json`;
  try {
    const found = await readSealedJson<StoredCard>(store, key, { ...SEAL, remedy: retrain(name) });
    return found === undefined || isCardOf(found.value, name, version) ? found?.value : "changed";
  } catch (error) {
    if (error instanceof ModelError) return "changed";
    throw error;
  }
}

const SEAL = { errorType: ModelError };

const sha256Of = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** A card in the place of another one's has an unbroken seal, too. */
const isCardOf = (card: StoredCard, name: string, version: string) =>
  card.name === name && card.version === version;

const retrain = (name: string) =>
  `Restore the file from a backup, or run \`deno task pipeline run train\` for another version of the ${name} model.`;

/** Whether a stored version has other files than these; those that it lost do not count. */
async function isOther(
  store: ObjectStore,
  { name, version, files: names }: StoredCard,
  files: Record<string, Uint8Array>,
): Promise<boolean> {
  if (names.join() !== Object.keys(files).sort().join()) return true;
  for (const [file, body] of Object.entries(files)) {
    const object = await store.get(`${folder(name, version)}/${file}`);
    if (object !== undefined && Buffer.compare(object.body, body) !== 0) return true;
  }
  return false;
}

function ownVersion({ version }: ModelCard, files: Record<string, Uint8Array>): string {
  const hash = createHash("sha256").update(version);
  for (const [file, body] of Object.entries(files).sort()) {
    hash.update(`\n${file} ${body.length}\n`).update(body);
  }
  // What a name begins with tells what it names, such as a baseline.
  const prefix = version.slice(0, version.lastIndexOf("-") + 1);
  return prefix + hash.digest("hex").slice(0, version.length - prefix.length);
}

/**
 * Makes a stored version the one that scores, and writes down why.
 *
 * @param options.decision Why; it moves with the pointer, and is added to the history.
 * @throws {ModelError} when there is no such version, or another one became champion than `replaces` says.
 */
export async function promoteVersion(
  store: ObjectStore,
  name: string,
  version: string,
  { replaces, decision }: PointerMove & { decision?: PromotionDecision } = {},
): Promise<void> {
  await modelCard(store, name, version);
  const { now, before } = await setPointer<Champion>(
    store,
    championKey(name),
    { version, ...(decision && { decision }) },
    {
      nameOf: (champion) => champion.version,
      ...(replaces !== undefined && { replaces }),
      keepEqual: true,
    },
  );
  await recordDecisions(store, name, [before?.decision, now.decision]);
}

/** The version that scores, with the decision that made it so; undefined when there is none. */
export async function currentChampion(store: ObjectStore, name: string): Promise<Champion | undefined> {
  return (await readJson<Champion>(store, championKey(name)))?.value;
}

/** The version that scores, null when there is none. */
export async function championVersion(store: ObjectStore, name: string): Promise<string | null> {
  return (await currentChampion(store, name))?.version ?? null;
}

/** The champion's card, or undefined when no model of that name was trained. */
export async function championCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  const version = await championVersion(store, name);
  return version === null ? undefined : await modelCard(store, name, version);
}

/**
 * The champion's card when it is this version and all its files are there as they were written; undefined when the
 * version has to be trained.
 */
export async function reusableChampion(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<ModelCard | undefined> {
  if (await championVersion(store, name) !== version) return undefined;
  try {
    return (await loadModelVersion(store, name, version)).card;
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/**
 * What was decided of a version that is not the champion, and so need not be trained again for the same inputs. That
 * holds for a champion that lost its files, too: what was refused or held does not come to score by that.
 *
 * @param options.promotes Whether the training may promote: then it decides what an earlier one was not to.
 */
export async function earlierDecision(
  store: ObjectStore,
  name: string,
  version: string,
  { promotes = true }: { promotes?: boolean } = {},
): Promise<PromotionDecision | undefined> {
  const champion = await championVersion(store, name);
  if (champion === version) return undefined;
  const decision = (await promotionDecisions(store, name)).find((decision) => decision.version === version);
  if (decision?.isPostponed) return promotes ? undefined : decision;
  // Without a champion, one that was good enough, or could not be compared with an earlier champion, is wanted again.
  return champion === null && decision?.outcome !== "refused" ? undefined : decision;
}

/**
 * Loads the champion with its files.
 *
 * @throws {ModelError} when there is none or a file of it is missing.
 */
export async function loadChampion(store: ObjectStore, name: string): Promise<ModelVersion> {
  const version = await championVersion(store, name);
  if (version !== null) return await loadModelVersion(store, name, version);
  const [latest] = await promotionDecisions(store, name);
  if (latest?.outcome === "refused") {
    throw new ModelError(`No ${name} model was good enough to score`, {
      found: `version ${latest.version}, refused: ${latest.reason}`,
      remedy: `\`deno task models history ${name}\` shows its metrics; ` +
        `\`deno task models promote ${name} ${latest.version} --reason TEXT\` lets it score anyway.`,
    });
  }
  throw new ModelError(`There is no trained ${name} model in ${store.url}`, {
    remedy: "Run `deno task pipeline run train`.",
  });
}

/**
 * Loads a version with its files, whose hashes are compared with those of its card.
 *
 * @throws {ModelError} when there is no such version, or a file of it is missing or was changed.
 */
export async function loadModelVersion(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<ModelVersion> {
  const card = await modelCard(store, name, version);
  const files: Record<string, Uint8Array> = {};
  for (const file of card.files) {
    const key = `${folder(name, version)}/${file}`;
    const object = await store.get(key);
    if (object === undefined) {
      throw new ModelError(`The ${name} model ${version} is incomplete`, {
        expected: key,
        found: "nothing",
        remedy: "Run `deno task pipeline run train`.",
      });
    }
    const found = sha256Of(object.body);
    if (found !== card.sha256[file]) {
      throw new ModelError(`${key} in the lake ${store.url} was changed since it was written`, {
        expected: `sha256 ${card.sha256[file] ?? "of the file in its card"}`,
        found: `sha256 ${found}`,
        remedy: retrain(name),
      });
    }
    files[file] = object.body;
  }
  return { card, files };
}

/**
 * One file of a version, even where others are lost or were changed; undefined when it is not there, or the version's
 * card does not say that it is as it was written.
 */
export async function readVersionFile(
  store: ObjectStore,
  name: string,
  version: string,
  file: string,
): Promise<Uint8Array | undefined> {
  const card = await storedCard(store, name, version);
  if (card === undefined || card === "changed") return undefined;
  const body = (await store.get(`${folder(name, version)}/${file}`))?.body;
  return body !== undefined && sha256Of(body) === card.sha256[file] ? body : undefined;
}

/**
 * The card of a version.
 *
 * @throws {ModelError} when there is no such version, or its card was changed since it was written.
 */
export async function modelCard(store: ObjectStore, name: string, version: string): Promise<StoredCard> {
  const key = `${folder(name, version)}/card.json`;
  const card = await readSealedJson<StoredCard>(store, key, { ...SEAL, remedy: retrain(name) });
  if (card !== undefined && isCardOf(card.value, name, version)) return card.value;
  if (card !== undefined) {
    throw new ModelError(`${key} in the lake ${store.url} is the card of another model version`, {
      expected: `version ${version} of the ${name} model`,
      found: `version ${card.value.version} of the ${card.value.name} model`,
      remedy: retrain(name),
    });
  }
  throw new ModelError(`There is no version ${version} of the ${name} model`, {
    expected: `${key} in ${store.url}`,
    found: "nothing",
    remedy: "`deno task models list` lists the versions; `deno task pipeline run train` trains one.",
  });
}
