import { ModelError } from "shopflow/errors/mod.ts";
import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import { movePointer, type PointerMove } from "./move_pointer.ts";

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

/** What `models/<name>/champion.json` holds. */
interface Champion {
  version: string;
}

/** A card as it is stored: with the names of the version's files. */
type StoredCard = ModelCard & { files: string[] };

/** A trained model as the registry keeps it. */
export interface ModelVersion {
  card: ModelCard;
  /** Contents by file name. */
  files: Record<string, Uint8Array>;
}

const folder = (name: string, version: string) => `models/${name}/${version}`;
const championKey = (name: string) => `models/${name}/champion.json`;

/** Stores a version: its files, then its card, so that a version with a card is complete. */
export async function saveModelVersion(store: ObjectStore, { card, files }: ModelVersion): Promise<void> {
  for (const [file, body] of Object.entries(files)) {
    await store.put(`${folder(card.name, card.version)}/${file}`, body);
  }
  const names = Object.keys(files).sort();
  await store.put(`${folder(card.name, card.version)}/card.json`, encodeJson({ ...card, files: names }));
}

/**
 * Makes a stored version the one that scores.
 *
 * @throws {ModelError} when there is no such version, or another one became champion than `replaces` says.
 */
export async function makeChampion(
  store: ObjectStore,
  name: string,
  version: string,
  { replaces }: PointerMove = {},
): Promise<void> {
  await readCard(store, name, version);
  await movePointer<Champion>(store, championKey(name), { version }, {
    nameOf: (champion) => champion.version,
    replaces,
  });
}

/** The version that scores, null when no model of that name was trained. */
export async function championVersion(store: ObjectStore, name: string): Promise<string | null> {
  return (await readJson<Champion>(store, championKey(name)))?.value.version ?? null;
}

/** The champion's card, or undefined when no model of that name was trained. */
export async function championCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  const version = await championVersion(store, name);
  return version === null ? undefined : await readCard(store, name, version);
}

/**
 * The champion's card when it is this version and all its files are there; undefined when the version has to be
 * trained.
 */
export async function trainedChampion(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<ModelCard | undefined> {
  if (await championVersion(store, name) !== version) return undefined;
  const card = (await readJson<StoredCard>(store, `${folder(name, version)}/card.json`))?.value;
  const found = await Promise.all(
    (card?.files ?? []).map((file) => store.stat(`${folder(name, version)}/${file}`)),
  );
  return found.every((stat) => stat !== undefined) ? card : undefined;
}

/**
 * Loads the champion with its files.
 *
 * @throws {ModelError} when there is none or a file of it is missing.
 */
export async function loadChampion(store: ObjectStore, name: string): Promise<ModelVersion> {
  const card = await championCard(store, name);
  if (card === undefined) {
    throw new ModelError(`There is no trained ${name} model in ${store.url}`, {
      remedy: "Run `deno task pipeline run train`.",
    });
  }
  const files: Record<string, Uint8Array> = {};
  for (const file of card.files) {
    const key = `${folder(name, card.version)}/${file}`;
    const object = await store.get(key);
    if (object === undefined) {
      throw new ModelError(`The ${name} model ${card.version} is incomplete`, {
        expected: key,
        found: "nothing",
        remedy: "Run `deno task pipeline run train`.",
      });
    }
    files[file] = object.body;
  }
  return { card, files };
}

async function readCard(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<StoredCard> {
  const card = await readJson<StoredCard>(store, `${folder(name, version)}/card.json`);
  if (card !== undefined) return card.value;
  throw new ModelError(`There is no version ${version} of the ${name} model`, {
    expected: `${folder(name, version)}/card.json in ${store.url}`,
    found: "nothing",
    remedy: "Run `deno task pipeline run train`.",
  });
}
