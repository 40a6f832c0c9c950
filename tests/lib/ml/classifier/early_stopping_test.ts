import assert from "node:assert/strict";
import { bestRounds, featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { logLoss } from "shopflow/ml/evaluation/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

function noisy(seed: number) {
  const random = createRandom(seed);
  const x = Array.from({ length: 600 }, () => random());
  return {
    features: featureMatrix(["x", "noise"], { x, noise: x.map(() => random()) }),
    labels: Uint8Array.from(x, (value) => random() < 0.2 + 0.6 * value ? 1 : 0),
  };
}

const OPTIONS = { eta: 0.3, maxDepth: 5, minChildWeight: 1, subsample: 1, colsampleByTree: 1, seed: 1 };

Deno.test("trees stop where the validation log-loss is least, as a training of so many trees would", async () => {
  const [training, validation] = [noisy(1), noisy(2)];
  const many = await xgboostTrainer({ ...OPTIONS, rounds: 60 }).fit(training.features, training.labels);
  const stop = bestRounds(many, validation.features, validation.labels);
  assert.ok(stop.rounds < 30, `${stop.rounds} trees: more fit noise`);
  const few = await xgboostTrainer({ ...OPTIONS, rounds: stop.rounds }).fit(
    training.features,
    training.labels,
  );
  const loss = logLoss(validation.labels, few.predict(validation.features));
  assert.ok(Math.abs(loss - stop.logLoss) < 1e-12);
  assert.ok(stop.logLoss < logLoss(validation.labels, many.predict(validation.features)));
});
