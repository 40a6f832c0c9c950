import { InputError, ModelError } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import { type PromotionDecision, promotionDecisions, setPointer } from "./champion.ts";
import {
  championCard,
  championVersion,
  modelCard,
  type ModelVersion,
  saveModelVersion,
  type StoredCard,
} from "./versions.ts";

/** A version of a model and its status. */
export interface ListedVersion {
  card: StoredCard;
  isChampion: boolean;
  /** The latest decision about it; undefined where none was made or kept. */
  decision?: PromotionDecision;
}

const CARD = /^models\/([^/]+)\/([^/]+)\/card\.json$/;

/** What happens to versions whose card was changed since it was written. */
interface DamagedVersions {
  /** Hears of each; the others are listed. By default the first one is thrown. */
  onDamaged?: (error: ModelError) => void;
}

/** Every version of a model, or of all models, by model and the latest training first. */
export async function listVersions(
  store: ObjectStore,
  model?: string,
  { onDamaged }: DamagedVersions = {},
): Promise<ListedVersion[]> {
  const found = (await store.list(model === undefined ? "models/" : `models/${model}/`))
    .flatMap(({ key }) => {
      const [, name, version] = CARD.exec(key) ?? [];
      return name === undefined || version === undefined ? [] : [{ name, version }];
    });
  const names = [...new Set(found.map(({ name }) => name))];
  const states = new Map(
    await Promise.all(names.map(async (name) =>
      [name, {
        champion: await championVersion(store, name),
        decisions: await promotionDecisions(store, name),
      }] as const
    )),
  );
  const listed = await Promise.all(found.map(async ({ name, version }): Promise<ListedVersion[]> => {
    const { champion, decisions } = states.get(name) ?? { champion: null, decisions: [] };
    let card: StoredCard;
    try {
      card = await modelCard(store, name, version);
    } catch (error) {
      if (!(error instanceof ModelError) || onDamaged === undefined) throw error;
      onDamaged(error);
      return [];
    }
    const decision = decisions.find((decision) => decision.version === version);
    return [{ card, isChampion: version === champion, ...(decision && { decision }) }];
  }));
  return listed.flat().sort(({ card: a }, { card: b }) =>
    a.name === b.name ? (a.trainedAt < b.trainedAt ? 1 : -1) : a.name < b.name ? -1 : 1
  );
}

/**
 * The version that a person means by its name or by the beginning of it; without one the champion.
 *
 * @throws {InputError} when there is no such model, no such version, or several.
 */
export async function findVersion(
  store: ObjectStore,
  model: string,
  version?: string,
  damaged: DamagedVersions = {},
): Promise<ListedVersion> {
  const versions = await listVersions(store, model, damaged);
  if (versions.length === 0) {
    const models = [...new Set((await listVersions(store, undefined, damaged)).map(({ card }) => card.name))];
    throw new InputError("There is no model of that name", {
      expected: models.join(" or ") || "a trained model; there is none, run `deno task pipeline run train`",
      found: JSON.stringify(model),
    });
  }
  const matching = versions.filter(({ card, isChampion }) =>
    version === undefined ? isChampion : card.version.startsWith(version)
  );
  const [match, ...others] = matching;
  if (match !== undefined && others.length === 0) return match;
  throw new InputError(
    version === undefined
      ? `The ${model} model has no champion`
      : `${matching.length === 0 ? "No version" : "More than one version"} of the ${model} model begins so`,
    {
      expected: `one of ${versions.map(({ card }) => card.version).join(", ")}`,
      found: version === undefined ? "none" : JSON.stringify(version),
      ...version === undefined &&
        {
          remedy:
            `\`deno task models history ${model}\` says why none was promoted; name a version to see it.`,
        },
    },
  );
}

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
  await setPointer<Baseline>(store, baselineKey(name), { version: card.version }, {
    nameOf: (pointer) => pointer.version,
    keepEqual: true,
  });
  return card;
}

/** The version of a model's baseline, or undefined when none was needed yet. */
export async function baselineVersion(store: ObjectStore, name: string): Promise<string | undefined> {
  return (await readJson<Baseline>(store, baselineKey(name)))?.value.version;
}

/** The card of a model's baseline, or undefined when none was needed yet. */
async function baselineCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  const version = await baselineVersion(store, name);
  return version === undefined ? undefined : await modelCard(store, name, version);
}

/** The card of what answers: the champion's, without one the baseline's; undefined when there is neither. */
export async function servingCard(store: ObjectStore, name: string): Promise<StoredCard | undefined> {
  return await championCard(store, name) ?? await baselineCard(store, name);
}

/** Whether a version is a baseline and no trained model. */
export const isBaseline = ({ version }: Pick<StoredCard, "version">): boolean =>
  version.startsWith(BASELINE_PREFIX);
