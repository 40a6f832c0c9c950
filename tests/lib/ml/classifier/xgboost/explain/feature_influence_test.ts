import assert from "node:assert/strict";
import { featureInfluence, featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

Deno.test("the feature that decides has the most influence, one that says nothing has little", async () => {
  const random = createRandom(1);
  const column = () => Array.from({ length: 1000 }, () => random());
  const columns = { noise: column(), weak: column(), strong: column() };
  const features = featureMatrix(Object.keys(columns), columns);
  const labels = Uint8Array.from(
    columns.strong,
    (x, i) => x + 0.3 * columns.weak[i]! + 0.1 * random() > 0.7 ? 1 : 0,
  );
  const model = await xgboostTrainer({ rounds: 50 }).fit(features, labels);
  const influence = featureInfluence(model, features);
  assert.deepEqual(influence.map(({ feature }) => feature), ["strong", "weak", "noise"]);
  assert.ok(influence[0]!.meanContribution > 10 * influence[2]!.meanContribution);
  const [sampled] = featureInfluence(model, features, { sample: 100 });
  assert.ok(Math.abs(sampled!.meanContribution / influence[0]!.meanContribution - 1) < 0.3);
});
