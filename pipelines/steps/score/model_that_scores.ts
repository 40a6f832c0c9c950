import {
  ModelError,
  type ShopFlowError,
  someOf,
  TooLittleDataError,
  withoutRemedy,
} from "shopflow/errors/mod.ts";
import { openFeatureCache, withFeatureCache } from "shopflow/ml/features/mod.ts";
import type { ModelDefinition, TrainingDefinition } from "shopflow/ml/mod.ts";
import {
  BASELINE_PREFIX,
  championVersion,
  currentChampion,
  loadModelVersion,
  type ModelCard,
  type ModelVersion,
  promotionDecisions,
  publishBaseline,
  type ScoreTable,
  upToDateScores,
} from "shopflow/ml/registry/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../context.ts";
import { assertCompatible, missingFeatures, whileReading } from "../compatibility.ts";
import { hashOf, modelCode } from "../model_code.ts";

/** Model version of a table without rows, where the history is too short even for the baseline. */
export const NOTHING = `${BASELINE_PREFIX}too-little-data`;

/** A model whose versions are trained. */
type TrainedModel = ModelDefinition & { training: TrainingDefinition<unknown> };

/** What scores a snapshot. */
export interface ScoringModel {
  version: string;
  /** Undefined where nothing can score. */
  model: unknown;
  isBaseline: boolean;
  /** Why it is the baseline; undefined of the champion. */
  baselineReason?: string;
  /** What is wrong with a champion that should have scored. */
  problems?: ShopFlowError[];
}

/**
 * The current scores, when the champion made them from this snapshot: they are good whatever happened to its files or to
 * the code since.
 */
export async function championScores(
  store: ObjectStore,
  { name, scoreTable }: ModelDefinition,
  snapshot: string,
): Promise<ScoreTable | undefined> {
  const modelVersion = await championVersion(store, name);
  return modelVersion === null
    ? undefined
    : await upToDateScores(store, scoreTable.name, { snapshot, modelVersion });
}

/**
 * The champion, or the baseline where there is none that can score: no model beat its baseline yet, features of the
 * champion are not computed any more, or its files are damaged. Only the last is a problem of the run; the others are
 * states that the gate of models leads to, and a person may take their time. The baseline is kept in the registry, so
 * that the server answers by the same. Where even that cannot be fitted, the version is {@linkcode NOTHING}.
 */
export async function modelThatScores(
  context: PipelineContext,
  model: TrainedModel,
  snapshot: string,
): Promise<ScoringModel> {
  try {
    return await championOrBaseline(context, model, snapshot);
  } catch (error) {
    if (!(error instanceof TooLittleDataError)) throw error;
    const baselineReason = withoutRemedy(error);
    context.runtime.log.warn(`No ${model.scoreTable.subject} gets a ${model.name} score: ${baselineReason}.`);
    return { version: NOTHING, model: undefined, isBaseline: true, baselineReason };
  }
}

async function championOrBaseline(
  context: PipelineContext,
  model: TrainedModel,
  snapshot: string,
): Promise<ScoringModel> {
  const { store, runtime } = context;
  const { name } = model;
  const pointer = await currentChampion(store, name);
  if (pointer === undefined) {
    const baselineReason = await whyNoChampion(context, name);
    return { ...await baseline(context, model, snapshot), baselineReason };
  }
  const champion = await usableChampion(store, model, pointer.version);
  if ("model" in champion) return champion;
  const { baselineReason, damage } = champion;
  const promote = `\`deno task models list ${name}\` has the versions; ` +
    `\`deno task models promote ${name} VERSION --reason TEXT\` lets another one score.`;
  if (damage === undefined) {
    runtime.log.warn(`The ${name} model: ${baselineReason}. The baseline scores. ${promote}`);
  }
  const problem = damage &&
    new ModelError(`The champion of the ${name} model cannot be read, and its baseline scores`, {
      found: damage,
      remedy:
        `\`deno task pipeline run train\` restores files that training on the same snapshot gives; ${promote}`,
    });
  return {
    ...await baseline(context, model, snapshot),
    baselineReason,
    ...(problem && { problems: [problem] }),
  };
}

/** The champion, or why it cannot score; `damage` where its files are at fault. */
async function usableChampion(
  store: ObjectStore,
  model: TrainedModel,
  version: string,
): Promise<ScoringModel | { baselineReason: string; damage?: string }> {
  try {
    const champion = await loadModelVersion(store, model.name, version);
    const gone = missingFeatures(model, champion);
    if (gone.length === 0) {
      assertCompatible(model, champion);
      const loaded = whileReading(
        champion,
        () => model.training.load(champion.files, { isBaseline: false }),
      );
      return { version, model: loaded, isBaseline: false };
    }
    return {
      baselineReason: `the champion ${version} uses features that no longer exist: ${someOf(gone)}`,
    };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // What the error advises is part of what is advised for the champion.
    const damage = withoutRemedy(error);
    return { baselineReason: `the champion ${version} cannot be read: ${damage}`, damage };
  }
}

async function whyNoChampion({ store, runtime }: Pick<PipelineContext, "store" | "runtime">, name: string) {
  const [latest] = await promotionDecisions(store, name);
  if (latest === undefined) return "no model is trained yet";
  const reason = {
    promoted: `no version is the champion any longer; the last was ${latest.version}`,
    held: `no version is the champion, and ${latest.version} waits for approval`,
    refused: `no model was good enough: version ${latest.version} was refused because ${latest.reason}`,
  }[latest.outcome];
  runtime.log.warn(
    `The ${name} model: ${reason}. The baseline scores. \`deno task models history ${name}\` shows its metrics.`,
  );
  return reason;
}

/** The baseline of this snapshot and code, fitted unless it is stored. */
async function baseline(
  { store, runtime, config }: PipelineContext,
  model: TrainedModel,
  snapshot: string,
): Promise<ScoringModel> {
  const { name, training, parameters } = model;
  const code = await modelCode(model);
  const version = `${BASELINE_PREFIX}${hashOf({ name, snapshot, code, ...parameters })}`;
  const stored = await ifStored(() => loadModelVersion(store, name, version));
  const { card, files } = stored ?? await fitted();
  // What is stored under that version may be other than this; then it is kept under a version of its own.
  const published = await publishBaseline(store, { card, files });
  return { version: published.version, model: training.load(files, { isBaseline: true }), isBaseline: true };

  async function fitted(): Promise<ModelVersion> {
    using session = withFeatureCache(
      await openSnapshot(store, snapshot),
      openFeatureCache(config, { warn: runtime.log.warn }),
    );
    const files = await training.fitBaseline(session);
    const card: ModelCard = {
      name,
      version,
      trainedAt: runtime.now().toISOString(),
      snapshot,
      asOf: await model.asOf(session),
      parameters: { ...parameters, code },
      metrics: {},
    };
    return { card, files };
  }
}

async function ifStored<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
