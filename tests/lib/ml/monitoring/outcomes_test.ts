import assert from "node:assert/strict";
import { outcomeQuality } from "../../../../lib/ml/monitoring/outcomes.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

Deno.test("probabilities are measured by rank, likelihood and distance", () => {
  const quality = outcomeQuality(
    Float64Array.of(0, 0, 1, 1),
    Float64Array.of(0.1, 0.6, 0.4, 0.9),
    "probability",
  );
  assert.equal(quality.auc, 0.75);
  assert.ok(Math.abs(quality.meanSquaredError - (0.01 + 0.36 + 0.36 + 0.01) / 4) < 1e-12);
  assert.ok(Math.abs(quality.logLoss! + (2 * Math.log(0.9) + 2 * Math.log(0.4)) / 4) < 1e-12);
  assert.deepEqual([quality.predicted, quality.observed], [0.5, 0.5]);
});

Deno.test("where all outcomes are the same there is nothing to rank, and of nobody nothing at all", () => {
  const same = outcomeQuality(Float64Array.of(1, 1), Float64Array.of(0.5, 0.7), "probability");
  assert.deepEqual([same.auc, same.aucInterval, same.observed], [null, null, 1]);
  assert.equal(outcomeQuality(new Float64Array(), new Float64Array(), "probability").rows, 0);
});

Deno.test("amounts have errors in their own unit", () => {
  const quality = outcomeQuality(Float64Array.of(0, 10), Float64Array.of(2, 6), "amount");
  assert.deepEqual([quality.meanAbsoluteError, quality.meanSquaredError, quality.auc], [3, 10, null]);
});

Deno.test("the interval of the AUC covers the true one in about 95 of 100 samples", () => {
  // Outcomes are drawn from the probabilities themselves: of uniform ones the area is 5/6.
  const covered = Array.from({ length: 200 }, (_, seed) => {
    const random = createRandom(seed + 1);
    const scores = Float64Array.from({ length: 300 }, random);
    const outcomes = scores.map((score) => random() < score ? 1 : 0);
    const [low, high] = outcomeQuality(outcomes, scores, "probability").aucInterval!;
    return low <= 5 / 6 && 5 / 6 <= high;
  }).filter(Boolean).length;
  assert.ok(covered >= 180 && covered < 200, `${covered} of 200`);
});
