import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { createChurnModel, loadChurnModel } from "../../../lib/churn/model.ts";
import { featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { plainChurn } from "../../fixtures/plain_churn.ts";

Deno.test("a loaded churn model gives the classifier's probability and reasons that explain it", async () => {
  const { classifier, features } = await trained();
  const model = loadChurnModel(classifier.save());
  const [expected] = classifier.predict(features);
  const { probability, reasons } = model.predict(firstCustomer);
  assert.equal(probability, expected);
  assert.deepEqual(reasons[0]!.feature, "recency_days");
  assert.equal(reasons[0]!.value, 112);
  assert.ok(reasons[0]!.contribution > 0);
  assert.equal(
    reasons[0]!.text,
    "Has not ordered for 112 days, usually orders every 31 days: raises the risk.",
  );
});

Deno.test("a feature that is left out is not known", async () => {
  const { classifier } = await trained();
  const model = createChurnModel(classifier);
  assert.deepEqual(
    model.predict({ recency_days: 5 }).probability,
    model.predict({ recency_days: 5, order_gap_mean_days: null }).probability,
  );
});

Deno.test("a reason says that a feature was not provided, and no false fact about the customer", async () => {
  const { classifier } = await trained();
  const model = createChurnModel(classifier);
  const textOf = (features: Record<string, number | null>) =>
    model.predict(features).reasons.find(({ feature }) => feature === "order_gap_mean_days")?.text ?? "";
  assert.match(
    textOf({ recency_days: 5 }),
    /^order gap mean days: not provided: (raises|lowers) the risk\.$/,
  );
  assert.match(
    textOf({ recency_days: 5, order_gap_mean_days: null }),
    /^Has not ordered a second time yet: (raises|lowers) the risk\.$/,
    "null is a fact of the lake",
  );
});

Deno.test("reasons are the strongest first, as many as wanted", async () => {
  const { classifier } = await trained();
  const all = createChurnModel(classifier).predict(firstCustomer).reasons;
  const sizes = all.map(({ contribution }) => Math.abs(contribution));
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
  assert.deepEqual(
    createChurnModel(classifier, { reasons: 1 }).predict(firstCustomer).reasons,
    all.slice(0, 1),
  );
});

Deno.test("many customers get exactly the predictions of single ones", async () => {
  const { classifier, features } = await trained();
  const model = createChurnModel(classifier);
  const columns = Object.fromEntries(features.names.map((name, j) => [
    name,
    Array.from({ length: features.rows }, (_, row) => {
      const value = features.values[row * features.names.length + j]!;
      return Number.isNaN(value) ? null : value;
    }),
  ]));
  const all = [...model.predictAll(columns)];
  assert.equal(all.length, features.rows);
  for (const [row, prediction] of all.entries()) {
    const one = Object.fromEntries(features.names.map((name) => [name, columns[name]![row]!]));
    assert.deepEqual(prediction, model.predict(one));
  }
  assert.deepEqual([...model.predictAll({ recency_days: [], order_gap_mean_days: [] })], []);
  assert.throws(() => [...model.predictAll({ recency_days: [1] })], {
    name: "ModelError",
    message: /no such column/,
  });
});

Deno.test("names that are no features, values that are no numbers and empty questions are refused", async () => {
  const { classifier } = await trained();
  const model = createChurnModel(classifier);
  const wrong: [Record<string, number | null>, RegExp][] = [
    [{ recencey_days: 3 }, /Unknown feature.*found recencey_days/],
    [{ recency_days: NaN }, /recency_days has no usable value/],
    [{ recency_days: 1e39 }, /recency_days has no usable value/],
    [{ recency_days: null }, /Nothing is known/],
    [{}, /at least one of recency_days/],
  ];
  for (const [features, message] of wrong) {
    assert.throws(() => model.predict(features), { name: "ModelError", message });
  }
});

const firstCustomer = { recency_days: 112, order_gap_mean_days: 31 };

/** Churn follows recency; the first row is the first customer. */
async function trained() {
  const random = createRandom(5);
  const recency = [112, ...Array.from({ length: 800 }, () => Math.floor(random() * 120))];
  const gap = [31, ...Array.from({ length: 800 }, () => random() < 0.3 ? null : Math.floor(random() * 60))];
  const features = featureMatrix(["recency_days", "order_gap_mean_days"], {
    recency_days: recency,
    order_gap_mean_days: gap,
  });
  const labels = Uint8Array.from(recency, (days) => random() < days / 120 ? 1 : 0);
  return { classifier: plainChurn(await xgboostTrainer({ rounds: 40 }).fit(features, labels)), features };
}
