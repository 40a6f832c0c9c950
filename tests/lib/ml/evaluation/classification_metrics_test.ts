import assert from "node:assert/strict";
import fc from "fast-check";
import { auc, logLoss, rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";

const labels = Uint8Array.of(0, 0, 1, 1);

Deno.test("AUC counts the pairs that are in order, equals as one half", () => {
  assert.equal(auc(labels, Float64Array.of(0.1, 0.4, 0.35, 0.8)), 0.75);
  assert.equal(auc(labels, Float64Array.of(0.1, 0.2, 0.3, 0.4)), 1);
  assert.equal(auc(labels, Float64Array.of(0.5, 0.5, 0.5, 0.5)), 0.5);
  assert.equal(auc(labels, Float64Array.of(0.1, 0.5, 0.5, 0.9)), 0.875);
});

Deno.test("AUC by ranks equals AUC by comparing every pair", () => {
  const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 6 })), { minLength: 2 })
    .filter((pairs) => new Set(pairs.map(([label]) => label)).size === 2);
  fc.assert(fc.property(rows, (pairs) => {
    const positives = pairs.filter(([label]) => label === 1);
    const negatives = pairs.filter(([label]) => label === 0);
    let won = 0;
    for (const [, a] of positives) for (const [, b] of negatives) won += a > b ? 1 : a === b ? 0.5 : 0;
    const found = auc(Uint8Array.from(pairs, ([label]) => label), Float64Array.from(pairs, ([, s]) => s));
    assert.ok(Math.abs(found - won / positives.length / negatives.length) < 1e-12);
  }));
});

Deno.test("log loss is a mean over the rows", () => {
  const probabilities = Float64Array.of(0.2, 0.2, 0.6, 0.9);
  const expected = -(2 * Math.log(0.8) + Math.log(0.6) + Math.log(0.9)) / 4;
  assert.ok(Math.abs(logLoss(labels, probabilities) - expected) < 1e-12);
});

Deno.test("a certain mistake costs much, but not infinitely much", () => {
  const loss = logLoss(Uint8Array.of(1), Float64Array.of(0));
  assert.ok(loss > 30 && Number.isFinite(loss));
});

Deno.test("metrics refuse one class, other lengths and scores that are not numbers", () => {
  const wrong: [Uint8Array, Float64Array, RegExp][] = [
    [Uint8Array.of(1, 1), Float64Array.of(0.1, 0.2), /need both classes/],
    [Uint8Array.of(0, 1), Float64Array.of(0.1), /2 labels and 1 scores/],
    [new Uint8Array(), new Float64Array(), /at least one/],
    [Uint8Array.of(0, 1), Float64Array.of(0.1, NaN), /NaN in row 1/],
  ];
  for (const [y, p, message] of wrong) {
    assert.throws(() => rankedMetrics(rankRows(y, p), 0.5), {
      name: /^(ModelError|TooLittleDataError)$/,
      message,
    });
  }
});
