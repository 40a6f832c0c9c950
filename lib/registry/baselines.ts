import { type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import {
  championCard,
  modelCard,
  type ModelVersion,
  saveModelVersion,
  type StoredCard,
} from "./model_versions.ts";
import { movePointer } from "./move_pointer.ts";

/** What `models/<name>/baseline.json` holds. */
interface Baseline {
  version: string;
}

/** Where the lake says which baseline serves while no model can; `champion.json` stays the models' own. */
const baselineKey = (name: string) => `models/${name}/baseline.json`;

/** How versions of baselines begin, so that everything that names one is marked. */
export const BASELINE_PREFIX = "baseline-";

/**
 * Stores a baseline, the simplest way to score, and makes it the one that serves while no model can.
 *
 * @returns The card under which it is stored; see {@linkcode saveModelVersion}.
 */
export async function publishBaseline(store: ObjectStore, baseline: ModelVersion): Promise<StoredCard> {
  const { name } = baseline.card;
  const card = await saveModelVersion(store, baseline);
  await movePointer<Baseline>(store, baselineKey(name), { version: card.version }, {
    nameOf: (pointer) => pointer.version,
    keepEqual: true,
  });
  return card;
}

/** The card of a model's baseline, or undefined when none was needed yet. */
export async function baselineCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  const pointer = (await readJson<Baseline>(store, baselineKey(name)))?.value;
  return pointer && await modelCard(store, name, pointer.version);
}

/** The card of what answers: the champion's, without one the baseline's; undefined when there is neither. */
export async function servingCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  return await championCard(store, name) ?? await baselineCard(store, name);
}

/** Whether a version is a baseline and no trained model. */
export const isBaseline = ({ version }: Pick<StoredCard, "version">): boolean =>
  version.startsWith(BASELINE_PREFIX);
