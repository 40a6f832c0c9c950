import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import {
  type FeatureMatrix,
  featureMatrix,
  matrixRow,
  sigmoid,
  treeMargin,
} from "shopflow/ml/classifier/mod.ts";
import { runXgboost } from "../../../../../lib/ml/classifier/xgboost/engine.ts";
import { readXgboostModel } from "../../../../../lib/ml/classifier/xgboost/trees.ts";
import { trainXgboost, xgboostTask } from "../../../../../lib/ml/classifier/xgboost/train.ts";

Deno.test("our scoring of XGBoost's binary model equals the library's own predictions", async () => {
  const { features, labels } = noisyTable(2000);
  const { model, predictions } = await runXgboost(
    xgboostTask(features, labels, { rounds: 60, eta: 0.3 }),
    2000,
  );
  const ensemble = readXgboostModel(model);
  assert.equal(ensemble.trees.length, 60);
  assert.ok(predictions.some((p) => p < 0.2) && predictions.some((p) => p > 0.8));
  for (const [row, prediction] of predictions.entries()) {
    const ours = sigmoid(treeMargin(ensemble, matrixRow(features, row)));
    assert.ok(Math.abs(ours - prediction) < 1e-6, `row ${row}: ${ours} is not ${prediction}`);
  }
});

Deno.test("a value that is not known is told apart from a real -1", async () => {
  const a = Array.from({ length: 1000 }, (_, i) => i % 2 === 0 ? null : -1);
  const labels = Uint8Array.from(a, (value) => value === null ? 1 : 0);
  const features = featureMatrix(["a"], { a });
  const ensemble = await trainXgboost(features, labels, { rounds: 20, subsample: 1 });
  assert.ok(treeMargin(ensemble, Float32Array.of(NaN)) > 0.5);
  assert.ok(treeMargin(ensemble, Float32Array.of(-1)) < -0.5);
});

Deno.test("training leaves the thread free", async () => {
  const { features, labels } = noisyTable(5000);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await trainXgboost(features, labels, { rounds: 60 });
  clearInterval(timer);
  assert.ok(ticks > 5, `the clock ticked ${ticks} times`);
});

Deno.test("a table too large for the package's own train() is trained", async () => {
  const rows = 80_000;
  const random = createRandom(1);
  const values = Float32Array.from({ length: rows * 20 }, random);
  const features: FeatureMatrix = { names: Array.from({ length: 20 }, (_, j) => `x${j}`), rows, values };
  const labels = Uint8Array.from({ length: rows }, (_, i) => values[i * 20]! > 0.5 ? 1 : 0);
  const ensemble = await trainXgboost(features, labels, { rounds: 2, maxDepth: 2 });
  assert.equal(ensemble.trees[0]!.feature[0], 0);
});

Deno.test("options that XGBoost does not take are refused by name", async () => {
  const { features, labels } = noisyTable(20);
  const wrong = { eta: NaN, subsample: 0, maxDepth: 40, rounds: 0, seed: -1 };
  for (const [name, value] of Object.entries(wrong)) {
    await assert.rejects(trainXgboost(features, labels, { [name]: value }), {
      name: "ModelError",
      message: new RegExp(`XGBoost's ${name} is out of range: expected a number from .*found ${value}`),
    });
  }
});

Deno.test("what fails inside XGBoost is reported, and the next training works", async () => {
  const { features, labels } = noisyTable(200);
  const treeMethod = "bogus" as "hist";
  await assert.rejects(trainXgboost(features, labels, { treeMethod }), {
    name: "ModelError",
    message: /XGBoost could not be trained/,
  });
  assert.equal((await trainXgboost(features, labels, { rounds: 3 })).trees.length, 3);
});

Deno.test("bytes that are no XGBoost model are refused", () => {
  assert.throws(() => readXgboostModel(new Uint8Array(10)), {
    name: "ModelError",
    message: /ends too early/,
  });
  assert.throws(() => readXgboostModel(new Uint8Array(1000)), {
    name: "ModelError",
    message: /binary:logistic/,
  });
});

/** Three features, one with unknown values, and a class that depends on two of them and on noise. */
function noisyTable(rows: number) {
  const random = createRandom(7);
  const column = () => Array.from({ length: rows }, () => random() * 4 - 2);
  const [a, b, c] = [column(), column(), column()];
  const unknown = a.map((value) => random() < 0.2 ? null : value);
  const labels = Uint8Array.from(a, (value, i) => value * b[i]! + 0.3 * random() > 0 ? 1 : 0);
  return { features: featureMatrix(["a", "b", "c"], { a: unknown, b, c }), labels };
}
