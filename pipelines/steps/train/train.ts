import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import {
  type Challenger,
  leadingMetricText,
  type ModelDefinition,
  type TrainingDefinition,
} from "shopflow/ml/mod.ts";
import { evidenceFile } from "shopflow/ml/card/mod.ts";
import { loadOpponents, testPredictionsFile } from "shopflow/ml/evaluation/mod.ts";
import {
  championVersion,
  currentChampion,
  earlierDecision,
  type ModelCard,
  reusableChampion,
} from "shopflow/ml/registry/mod.ts";
import { openFeatureCache, withFeatureCache } from "shopflow/ml/features/mod.ts";
import { modelsOf } from "shopflow/models/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { inOrder, type Pipeline, type PipelineContext, type PipelineResult } from "../../context.ts";
import { hashOf, modelCode } from "../model_code.ts";
import { decidePromotion, earlierDecisionText } from "./decide_promotion.ts";
import { logTraining } from "./log_training.ts";

/**
 * Trains every model on the current snapshot; those that are computed from a formula have nothing to train.
 *
 * @param models Default: those of the product, as the settings want them.
 */
export function trainModels(models?: readonly ModelDefinition[]): Pipeline {
  return (context) => {
    const parts = (models ?? modelsOf(context.config)).flatMap((model) =>
      model.training === undefined ? [] : [[model.name, trainModel(model)] as const]
    );
    return inOrder(Object.fromEntries(parts), context);
  };
}

/**
 * Trains a model on the current snapshot, measures it on its test set, and makes it the champion if it is no worse there
 * than the one before, unless the training is not to promote. A version that was refused or held is not trained again, and a history that is too short to
 * train and to measure is no error.
 *
 * @throws {ModelError} when there are no sales.
 */
export function trainModel(model: ModelDefinition): Pipeline {
  return async (context) => {
    const { training } = model;
    if (training === undefined) return { status: "unchanged", summary: "has nothing to train" };
    try {
      return await train(model, training, context);
    } catch (error) {
      if (!(error instanceof TooLittleDataError)) throw error;
      return await notTrained(model, error, context);
    }
  };
}

async function train(
  model: ModelDefinition,
  training: TrainingDefinition<unknown>,
  context: PipelineContext,
): Promise<PipelineResult> {
  const { store, runtime, force, promotes } = context;
  const { name, parameters } = model;
  // Read before the snapshot: whoever becomes champion after this moment may know a newer one.
  const champion = await currentChampion(store, name);
  const { id: snapshot } = await readManifest(store);
  const code = await modelCode(model);
  const version = hashOf({ snapshot, code, ...parameters });
  if (!force) {
    const trained = await reusableChampion(store, name, version);
    if (trained !== undefined) {
      return { status: "unchanged", summary: `version ${version}, ${qualityText(model, trained.metrics)}` };
    }
    const earlier = await earlierDecision(store, name, version, { promotes });
    if (earlier !== undefined) return { status: "unchanged", summary: earlierDecisionText(name, earlier) };
  }

  const { warn } = runtime.log;
  using session = withFeatureCache(
    await openSnapshot(store, snapshot),
    openFeatureCache(context.config, { warn }),
  );
  const startedAt = runtime.now();
  const bar = runtime.progress.start(`train ${name}`, 0);
  const challenger = await training.fit(session);
  bar.finish(challenger.summary);
  for (const warning of challenger.warnings ?? []) warn(warning);
  const card: ModelCard = {
    name,
    version,
    trainedAt: runtime.now().toISOString(),
    snapshot,
    asOf: challenger.asOf,
    parameters: { ...parameters, ...challenger.parameters, code },
    metrics: challenger.metrics,
  };
  await logTraining(context, card, challenger, startedAt);
  const comparison = await challenger.compare(await loadOpponents(store, name, champion));
  const outcome = await decidePromotion(context, { card, files: filesOf(challenger) }, comparison, champion);
  const quality = qualityText(model, challenger.metrics);
  return {
    status: "done",
    summary: `version ${version}, ${challenger.summary}, ${quality}\n    ${outcome}`,
  };
}

const filesOf = ({ files, predictions, evidence }: Challenger) => ({
  ...files,
  ...testPredictionsFile(predictions),
  ...(evidence && evidenceFile(evidence)),
});

const qualityText = (model: ModelDefinition, metrics: Record<string, number>): string =>
  leadingMetricText(model, metrics) ?? "not measured";

/** The champion stays where the history is too short to train or to measure; without one the baseline serves. */
async function notTrained(
  { name }: ModelDefinition,
  { message }: TooLittleDataError,
  { store, runtime }: PipelineContext,
): Promise<PipelineResult> {
  const champion = await championVersion(store, name);
  const serves = champion === null ? "the baseline serves" : `${champion} stays champion`;
  runtime.log.warn(`The ${name} model was not trained, and ${serves}: ${message}`);
  return { status: "unchanged", summary: `not trained, ${serves}: ${message}` };
}
