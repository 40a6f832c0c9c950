import assert from "node:assert/strict";
import { featureMatrix, fitTreeRegressor } from "shopflow/ml/classifier/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

const random = createRandom(1);
const a = Array.from({ length: 2000 }, () => random()), b = a.map(() => random());
const features = featureMatrix(["a", "b"], { a, b });
const targets = Float64Array.from(a, (value, row) => 1000 + 50 * value + (b[row]! > 0.5 ? 20 : 0));

Deno.test("trees learn amounts in their own unit, with the same options in any unit", async () => {
  const options = { rounds: 100, eta: 0.1 };
  const predicted = (await fitTreeRegressor(features, targets, options)).predict(features);
  const error = Math.sqrt(
    predicted.reduce((sum, value, row) => sum + (value - targets[row]!) ** 2 / 2000, 0),
  );
  assert.ok(error < 2, `${error}`);
  const cents = (await fitTreeRegressor(features, targets.map((value) => 100 * value), options)).predict(
    features,
  );
  for (const [row, value] of cents.entries()) assert.ok(Math.abs(value / 100 - predicted[row]!) < 0.5);
  // Few rows are scored by another way than many.
  const first = { ...features, rows: 3, values: features.values.slice(0, 6) };
  const few = (await fitTreeRegressor(features, targets, options)).predict(first);
  for (const [row, value] of few.entries()) assert.ok(Math.abs(value - predicted[row]!) < 1e-3);
});

Deno.test("targets that are all the same give that number", async () => {
  const model = await fitTreeRegressor(features, targets.map(() => 7), { rounds: 5 });
  assert.ok(model.predict(features).every((value) => value === 7));
});

Deno.test("targets that are missing or not finite, and other features, are refused", async () => {
  const refused = { message: /There is nothing to learn from: expected rows with a finite target each/ };
  await assert.rejects(fitTreeRegressor(features, targets.subarray(1)), refused);
  await assert.rejects(
    fitTreeRegressor(features, targets.map((value, row) => row === 3 ? NaN : value)),
    refused,
  );
  const model = await fitTreeRegressor(features, targets, { rounds: 5 });
  assert.throws(() => model.predict(featureMatrix(["b"], { b })), {
    message: /not the features the model was fitted with/,
  });
});
