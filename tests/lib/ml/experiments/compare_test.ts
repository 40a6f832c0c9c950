import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { createExperiment } from "shopflow/ml/experiments/mod.ts";
import { comparePredictions, differenceText } from "../../../../lib/ml/experiments/compare.ts";
import type { Predictions } from "../../../../lib/ml/experiments/predictions.ts";
import { temporaryStore } from "./temporary_store.ts";

/** Customers of whom a share churns, and a score that knows so much of it. */
function predictions(
  rows: number,
  { noise, seed, from = 0 }: { noise: number; seed: number; from?: number },
): Predictions {
  const truth = createRandom(1, "truth"), random = createRandom(seed, "noise");
  const hidden = Float64Array.from({ length: from + rows }, () => truth()).slice(from);
  return {
    ids: Array.from({ length: rows }, (_, i) => `C${from + i}`),
    labels: hidden.map((p, i) => Number(p > 0.5 !== (i % 7 === 0))),
    scores: hidden.map((p) => Math.min(1, Math.max(0, p + noise * (random() - 0.5)))),
  };
}

Deno.test("two models on the same test are told apart, with an interval", () => {
  const good = predictions(2000, { noise: 0.1, seed: 2 }), bad = predictions(2000, { noise: 2, seed: 3 });
  const { test, sameTest, metrics } = comparePredictions(good, bad);
  assert.equal(test, "The same test: 2,000 rows");
  assert.ok(sameTest);
  assert.deepEqual(metrics.map(({ name }) => name), ["AUC", "log loss", "Brier score"]);
  const [auc] = metrics;
  assert.ok(auc!.low > 0 && auc!.difference > 0.1, JSON.stringify(auc));
  assert.ok(auc!.low < auc!.difference && auc!.difference < auc!.high);
  assert.match(differenceText(auc!, ["a1", "b2"]), /interval \+0\.\d+ to \+0\.\d+: a1 is better$/);
  assert.match(differenceText(metrics[2]!, ["a1", "b2"]), /: a1 is better$/);
});

Deno.test("rows in another order are the same test, and the same model is not told apart from itself", () => {
  const one = predictions(300, { noise: 0.5, seed: 2 });
  const order = one.ids.map((_, i) => i).reverse();
  const other = {
    ids: order.map((i) => one.ids[i]!),
    labels: Float64Array.from(order, (i) => one.labels[i]!),
    scores: Float64Array.from(order, (i) => one.scores[i]!),
  };
  const { sameTest, metrics } = comparePredictions(one, other);
  assert.ok(sameTest);
  assert.deepEqual(metrics.map(({ difference }) => difference), [0, 0, 0]);
  assert.match(differenceText(metrics[0]!, ["a", "b"]), /both rank and score alike/);
});

Deno.test("a difference within the noise is not called one, and 95 of 100 intervals hold the truth", () => {
  let held = 0;
  for (let seed = 0; seed < 100; seed++) {
    // Both know as much: the true difference is 0.
    const one = predictions(400, { noise: 1, seed: 2 * seed + 10 });
    const other = predictions(400, { noise: 1, seed: 2 * seed + 11 });
    const [auc] = comparePredictions(one, other).metrics;
    if (auc!.low <= 0 && auc!.high >= 0) held++;
  }
  assert.ok(held >= 90 && held <= 100, `${held} of 100`);
});

Deno.test("tests that differ are compared on what they share, and it is said", () => {
  const one = predictions(300, { noise: 0.5, seed: 2 });
  const shifted = predictions(300, { noise: 0.5, seed: 3, from: 100 });
  // Of the rows that both have, these have another outcome, as where churn is defined in another way.
  const labels = shifted.labels.slice();
  for (let row = 0; row < 200; row++) {
    labels[row] = row < 10 ? 1 - one.labels[row + 100]! : one.labels[row + 100]!;
  }
  const { test, sameTest, metrics } = comparePredictions(one, { ...shifted, labels }, ["a", "b"]);
  assert.equal(
    test,
    "The tests differ (100 rows only in a, 100 rows only in b, 10 rows with another outcome); compared on the 190 rows that both have",
  );
  assert.equal(sameTest, false);
  assert.equal(metrics.length, 3);
  const apart = comparePredictions(one, predictions(50, { noise: 1, seed: 2, from: 500 }), ["a", "b"]);
  assert.deepEqual(apart.metrics, []);
  assert.match(apart.test, /The tests differ, and share no row: 300 rows only in a, 50 rows only in b/);
});

Deno.test("numbers are compared by their errors, scores that are no probabilities by their order only", () => {
  const ids = ["a", "b", "c", "d"];
  const labels = Float64Array.of(10, 20, 30, 40);
  const exact = { ids, labels, scores: labels.slice() };
  const off = { ids, labels, scores: labels.map((value) => value + 2) };
  const [absolute, squared] = comparePredictions(exact, off).metrics;
  assert.deepEqual([absolute!.one, absolute!.other, squared!.other], [0, 2, 4]);
  const margins = { ids, labels: Float64Array.of(0, 1, 0, 1), scores: Float64Array.of(-3, 2, -1, 4) };
  assert.deepEqual(comparePredictions(margins, margins).metrics.map(({ name }) => name), ["AUC"]);
  const one = comparePredictions({ ...margins, labels: Float64Array.of(0, 0, 0, 1) }, {
    ...margins,
    labels: Float64Array.of(0, 0, 0, 1),
  });
  assert.match(one.test, /Too few of one class for an interval: 1 of 4/);
});

Deno.test("trials without predictions are told how to log them", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "plain");
  const one = await experiment.log({ metrics: { auc: 0.8 } }),
    other = await experiment.log({ metrics: { auc: 0.9 } });
  const { test, metrics } = await experiment.compare(one, other);
  assert.deepEqual(metrics, []);
  assert.match(test, new RegExp(`^${one.id} and ${other.id} logged no predictions.*ids, labels, scores`));
});
