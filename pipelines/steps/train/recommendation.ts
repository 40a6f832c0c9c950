import {
  backtestRecommender,
  INTERACTION_HALF_LIFE_DAYS,
  INTERACTION_WEIGHTS,
  judgeRecommenderChallenger,
  readRecommenderData,
  RECOMMENDER_PARAMETERS,
  recommenderFiles,
  recommenderHeldOut,
  trainRecommender,
} from "shopflow/recommendation/mod.ts";
import { addDays, heldOutFile, loadOpponents } from "shopflow/ml/mod.ts";
import { salesPeriod } from "shopflow/churn/mod.ts";
import { currentChampion, settledDecision, trainedChampion } from "shopflow/ml/registry/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Pipeline } from "../../context.ts";
import { settleChallenger, settledText, unlessTooLittleData } from "./settle_challenger.ts";

/** Folders whose change asks for a new training; scores follow the model's version, so scoring is among them. */
const CODE = ["lib/ml", "lib/recommendation", "pipelines/steps/train", "pipelines/steps/score"];
const ROOT = join(import.meta.dirname!, "..", "..", "..");

/**
 * Trains the recommender on the current snapshot, judges it on held-out orders, and makes it the champion if it
 * is no worse than the one before. A version that was refused or held is not trained again.
 *
 * @throws {ModelError} when there are no sales.
 */
export const trainRecommendation: Pipeline = unlessTooLittleData("recommendation", async (context) => {
  const { store, runtime, force } = context;
  // Read before the snapshot: whoever becomes champion after this moment may know a newer one.
  const champion = await currentChampion(store, "recommendation");
  using snapshot = await openSnapshot(store);
  const parameters = {
    ...RECOMMENDER_PARAMETERS,
    interactionWeights: INTERACTION_WEIGHTS,
    interactionHalfLifeDays: INTERACTION_HALF_LIFE_DAYS,
  };
  const code = await codeVersion(CODE.map((path) => join(ROOT, path)));
  const version = createHash("sha256").update(JSON.stringify([snapshot.manifest.id, parameters, code]))
    .digest("hex").slice(0, 12);
  if (!force && await trainedChampion(store, "recommendation", version)) {
    return { status: "unchanged", summary: `version ${version} is trained on this snapshot` };
  }
  const settled = force ? undefined : await settledDecision(store, "recommendation", version);
  if (settled !== undefined) {
    return { status: "unchanged", summary: settledText("recommendation", settled) };
  }

  const bar = runtime.progress.start("train recommendation", 3, "steps");
  const { last } = await salesPeriod(snapshot);
  const asOf = addDays(last, 1);
  const backtest = await backtestRecommender(snapshot, asOf);
  const { metrics } = backtest;
  const opponents = await loadOpponents(store, "recommendation", champion);
  const judgement = await judgeRecommenderChallenger(backtest, opponents);
  bar.update(1);
  const model = trainRecommender(await readRecommenderData(snapshot, asOf));
  bar.update(2);
  const card = {
    name: "recommendation",
    version,
    trainedAt: runtime.now().toISOString(),
    snapshot: snapshot.manifest.id,
    asOf,
    parameters,
    metrics,
  };
  const files = { ...recommenderFiles(model), ...heldOutFile(recommenderHeldOut(backtest)) };
  const outcome = await settleChallenger(context, { card, files }, judgement, champion);
  const summary = `${model.productIds.length} products, ${quality(metrics)}`;
  bar.finish(summary);
  return { status: "done", summary: `version ${version}, ${summary}\n    ${outcome}` };
});

function quality(metrics: Record<string, number>): string {
  if (metrics.held_out_customers === 0) return "not judged: no customer ordered on two days";
  const compared = (name: string) =>
    `${metrics[name]!.toFixed(3)} (popularity ${metrics[`popularity_${name}`]!.toFixed(3)})`;
  return `recall@10 ${compared("recall_at_10")}, NDCG@10 ${compared("ndcg_at_10")}`;
}
