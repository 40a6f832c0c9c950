import {
  backtestChurn,
  type ChurnBacktest,
  churnHeldOut,
  judgeChurnChallenger,
  salesPeriod,
  saveChurnInputs,
  temporalSplit,
} from "shopflow/churn/mod.ts";
import { heldOutFile, loadOpponents, XGBOOST_DEFAULTS } from "shopflow/ml/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import { currentChampion, settledDecision, trainedChampion } from "shopflow/ml/registry/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Pipeline } from "../../context.ts";
import { settleChallenger, settledText, unlessTooLittleData } from "./settle_challenger.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");
/** What a version depends on besides data and parameters. */
const CODE = [
  "lib/ml",
  "lib/churn",
  "pipelines/steps/train/churn.ts",
];
const PARAMETERS = { xgboost: { ...XGBOOST_DEFAULTS, seed: 42 } };

/**
 * Trains the churn model on the current snapshot, measures it on the latest date whose outcomes are known,
 * and makes it the champion if it is no worse there than the one before. The version that was measured is the one
 * that scores: it is not fitted again on the test period. A version that was refused or held is not trained again, and
 * a history that is too short to train and to measure is no error.
 *
 * @throws {ModelError} when there are no sales.
 */
export const trainChurn: Pipeline = unlessTooLittleData("churn", async (context) => {
  const { store, runtime, force } = context;
  // Read before the snapshot: whoever becomes champion after this moment may know a newer one.
  const champion = await currentChampion(store, "churn");
  const { id: snapshot } = await readManifest(store);
  const code = await codeVersion(CODE.map((path) => join(ROOT, path)));
  const version = createHash("sha256").update(JSON.stringify({ snapshot, code, ...PARAMETERS })).digest("hex")
    .slice(0, 12);
  const trained = force ? undefined : await trainedChampion(store, "churn", version);
  if (trained !== undefined) {
    return { status: "unchanged", summary: `churn model ${version}, ${quality(trained.metrics)}` };
  }
  const settled = force ? undefined : await settledDecision(store, "churn", version);
  if (settled !== undefined) {
    return { status: "unchanged", summary: settledText("churn", settled) };
  }

  using session = await openSnapshot(store, snapshot);
  const period = await salesPeriod(session);
  const split = temporalSplit(period);
  const bar = runtime.progress.start("train churn model", 0);
  const result = await backtestChurn(session, split, PARAMETERS);
  bar.finish(`${result.trainingRows.toLocaleString("en")} customers on ${split.train.length} dates`);

  const card = {
    name: "churn",
    version,
    trainedAt: runtime.now().toISOString(),
    snapshot,
    // The last label window of the training ends the day before the test date.
    asOf: split.test,
    parameters: { ...PARAMETERS, split, code },
    metrics: result.metrics,
  };
  const judgement = await judgeChurnChallenger(
    result,
    await loadOpponents(store, "churn", champion),
    (test) => backtestChurn(session, temporalSplit(period, { test }), PARAMETERS),
  );
  const outcome = await settleChallenger(context, { card, files: modelFiles(result) }, judgement, champion);
  return {
    status: "done",
    summary: `churn model ${version}, ${quality(result.metrics)}\n    ${outcome}`,
  };
});

function modelFiles(backtest: ChurnBacktest): Record<string, Uint8Array> {
  const { model, inputs, baseline, split, calibration } = backtest;
  return {
    ...model.save(),
    ...saveChurnInputs(inputs),
    ...baseline.save(),
    ...heldOutFile(churnHeldOut(backtest)),
    "calibration.json": encodeJson({ asOf: split.test, bins: calibration }),
  };
}

function quality({ auc, baseline_auc: baseline, test_rows: rows }: Record<string, number>): string {
  return `AUC ${auc?.toFixed(3)} on ${rows?.toLocaleString("en")} customers ` +
    `(recency alone ${baseline?.toFixed(3)})`;
}
