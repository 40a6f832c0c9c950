/**
 * Trials in the lake: `experiments/<experiment>/<trial>.json`, one object a trial, so that writers never meet and a
 * trial is there whole or not at all. Predictions are an object beside it, written before it.
 */
import { createHash } from "node:crypto";
import { InputError, LakeError } from "shopflow/errors/mod.ts";
import {
  encodeSealedJson,
  type ObjectStat,
  type ObjectStore,
  readSealedJson,
} from "shopflow/lake/store/mod.ts";
import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { z } from "zod";
import { decodePredictions, encodePredictions, type Predictions } from "./predictions.ts";
import type { Trial } from "./trial.ts";

const EXPERIMENTS = "experiments/";
/** Reads at the same time: a bucket answers each after some milliseconds. */
const CONCURRENCY = 32;
/** Bytes of a folder's name; file systems take 255. */
const LONGEST_FOLDER = 200;

/**
 * The folder of an experiment: its name, with whatever is no letter, digit, `_` or `-` as %-codes.
 *
 * @throws {InputError} on a name that is empty, too long or has a control character in it.
 */
function folderOf(experiment: string): string {
  const folder = encodeURIComponent(experiment.toWellFormed())
    .replace(/[.!~*'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  // An address of dots alone leads elsewhere.
  const isName = experiment.trim() === experiment && !/^\.*$|\p{C}/u.test(experiment);
  if (isName && folder.length <= LONGEST_FOLDER) return folder;
  throw new InputError("Invalid name of an experiment", {
    expected: "a short text without spaces at its ends, e.g. churn depth",
    found: isName ? `${folder.length} bytes, at most ${LONGEST_FOLDER} fit` : JSON.stringify(experiment),
  });
}

const trialKey = (experiment: string, id: string) => `${EXPERIMENTS}${folderOf(experiment)}/${id}.json`;
const predictionsKey = (experiment: string, id: string) =>
  `${EXPERIMENTS}${folderOf(experiment)}/${id}.predictions.json.gz`;
const TRIAL = /^experiments\/([^/]+)\/([^/.]+)\.json$/;

/** @throws {InputError} on a name that an experiment cannot have. */
export const checkExperiment = (name: string): void => void folderOf(name);

/**
 * Stores a trial, in the place of an earlier state of it. Its predictions come first: a trial that says that it has them
 * has them.
 */
export async function saveTrial(store: ObjectStore, trial: Trial, predictions?: Predictions): Promise<void> {
  if (predictions !== undefined) {
    await store.put(predictionsKey(trial.experiment, trial.id), encodePredictions(predictions));
  }
  await store.put(trialKey(trial.experiment, trial.id), encodeSealedJson(trial));
}

/** The predictions of a trial; undefined where it logged none. @throws {LakeError} when they are lost or damaged. */
export async function trialPredictions(store: ObjectStore, trial: Trial): Promise<Predictions | undefined> {
  if (trial.predictions === undefined) return undefined;
  const key = predictionsKey(trial.experiment, trial.id);
  const object = await store.get(key);
  if (object !== undefined) return decodePredictions(object.body, key);
  throw new LakeError("The predictions of a trial are missing", {
    expected: key,
    found: `no such object in ${store.url}`,
    remedy: "Log the trial again, or restore the file from a backup.",
  });
}

const shape = z.looseObject({
  id: z.string(),
  experiment: z.string(),
  status: z.enum(["finished", "failed"]),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  metrics: z.record(z.string(), z.number()),
  tags: z.record(z.string(), z.string()),
  source: z.looseObject({}),
});

/** An experiment and what it holds. */
export interface ExperimentSummary {
  name: string;
  trials: number;
  /** When its last trial was written. */
  modified: Date;
}

/** The experiments of the lake, the one that was written last first. */
export async function listExperiments(store: ObjectStore): Promise<ExperimentSummary[]> {
  const found = new Map<string, ExperimentSummary>();
  for (const { key, modified } of await store.list(EXPERIMENTS)) {
    const [, folder] = TRIAL.exec(key) ?? [];
    if (folder === undefined) continue;
    const name = decodeURIComponent(folder);
    const before = found.get(name) ?? { name, trials: 0, modified };
    found.set(name, {
      name,
      trials: before.trials + 1,
      modified: modified > before.modified ? modified : before.modified,
    });
  }
  return [...found.values()].sort((a, b) => b.modified.getTime() - a.modified.getTime());
}

/** How trials are read. */
export interface ReadingOptions {
  /** Hears of each trial that was changed since it was written; the others are listed. By default the first is thrown. */
  onDamaged?: (error: LakeError) => void;
  /** Trials that were read before, by key; kept for the next time. */
  cache?: TrialCache;
}

/** Trials by key, with what the store said of them when they were read. */
export type TrialCache = Map<string, { stat: ObjectStat; trial: Trial }>;

/** The trials of an experiment, or of all, the newest first. */
export async function listTrials(
  store: ObjectStore,
  experiment?: string,
  options: ReadingOptions = {},
): Promise<Trial[]> {
  const prefix = experiment === undefined ? EXPERIMENTS : `${EXPERIMENTS}${folderOf(experiment)}/`;
  const objects = (await store.list(prefix)).filter(({ key }) => TRIAL.test(key));
  const trials = await mapConcurrently(objects, CONCURRENCY, (stat) => readTrial(store, stat, options));
  return trials.filter((trial) => trial !== undefined).sort(newestFirst);
}

const newestFirst = (a: Trial, b: Trial) =>
  a.endedAt === b.endedAt ? (a.id < b.id ? -1 : 1) : a.endedAt < b.endedAt ? 1 : -1;

/** Undefined of one that was removed meanwhile, or is damaged. */
async function readTrial(
  store: ObjectStore,
  stat: ObjectStat,
  { onDamaged, cache }: ReadingOptions,
): Promise<Trial | undefined> {
  const kept = cache?.get(stat.key);
  if (kept?.stat.size === stat.size && kept.stat.modified.getTime() === stat.modified.getTime()) {
    return kept.trial;
  }
  try {
    const read = await readSealedJson<Trial>(store, stat.key, {
      shape,
      remedy: "Restore the file from a backup, or remove it.",
    });
    if (read !== undefined) cache?.set(stat.key, { stat, trial: read.value });
    return read?.value;
  } catch (error) {
    if (!(error instanceof LakeError) || onDamaged === undefined) throw error;
    onDamaged(error);
  }
}

/**
 * The trial that a person means by its id or the beginning of it.
 *
 * @throws {InputError} when there is none, or several.
 */
export async function findTrial(store: ObjectStore, id: string): Promise<Trial> {
  const objects = (await store.list(EXPERIMENTS)).filter(({ key }) => TRIAL.exec(key)?.[2]?.startsWith(id));
  const matching = objects.length === 1 ? objects : objects.filter(({ key }) => TRIAL.exec(key)?.[2] === id);
  const [match, ...others] = matching;
  const trial = match && others.length === 0 && id !== "" ? await readTrial(store, match, {}) : undefined;
  if (trial !== undefined) return trial;
  throw new InputError(
    objects.length > 1 ? "More than one trial begins so" : "There is no trial of that id",
    {
      expected: objects.length > 1
        ? objects.slice(0, 5).map(({ key }) => TRIAL.exec(key)?.[2]).join(", ")
        : "the id of a trial, or its beginning; `deno task experiments list EXPERIMENT` shows them",
      found: JSON.stringify(id),
    },
  );
}

/** A short id that is the same for the same texts. */
export const idOf = (...texts: string[]): string =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 10);
