import { auc, aucDifference, meanDifference } from "shopflow/ml/evaluation/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";

Deno.test("the difference is that of the two AUCs, with ties", () => {
  const rows = fc.array(
    fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })),
    { minLength: 2 },
  ).filter((rows) => new Set(rows.map(([label]) => label)).size === 2);
  fc.assert(fc.property(rows, (rows) => {
    const labels = Uint8Array.from(rows, ([label]) => label);
    const one = Float64Array.from(rows, ([, score]) => score);
    const other = Float64Array.from(rows, ([, , score]) => score);
    const { difference } = aucDifference(labels, one, other);
    assert.ok(Math.abs(difference - (auc(labels, one) - auc(labels, other))) < 1e-12);
  }));
});

Deno.test("the standard error is that of many samples, and smaller for models that agree", () => {
  const random = createRandom(1);
  const sample = (agreement: number) => {
    const labels = Uint8Array.from({ length: 300 }, () => random() < 0.3 ? 1 : 0);
    const shared = Array.from(labels, random);
    const scores = () =>
      Float64Array.from(
        labels,
        (label, row) => label + 2 * (agreement * shared[row]! + (1 - agreement) * random()),
      );
    return aucDifference(labels, scores(), scores());
  };
  const spread = (agreement: number) => {
    const samples = Array.from({ length: 400 }, () => sample(agreement));
    const mean = samples.reduce((sum, { difference }) => sum + difference, 0) / samples.length;
    const variance = samples.reduce((sum, { difference }) => sum + (difference - mean) ** 2, 0) /
      samples.length;
    const stated = samples.reduce((sum, { standardError }) => sum + standardError, 0) / samples.length;
    return { observed: Math.sqrt(variance), stated };
  };
  const [apart, alike] = [spread(0), spread(0.8)];
  for (const { observed, stated } of [apart, alike]) {
    assert.ok(Math.abs(stated / observed - 1) < 0.15, `${stated} and ${observed}`);
  }
  assert.ok(alike.stated < apart.stated / 2);
});

Deno.test("equal models differ by nothing, and too few rows have no error that is known", () => {
  const labels = Uint8Array.of(0, 1, 0, 1, 1);
  const scores = Float64Array.of(0.1, 0.4, 0.5, 0.9, 0.2);
  assert.deepEqual(aucDifference(labels, scores, scores), { difference: 0, standardError: 0 });
  assert.equal(
    aucDifference(Uint8Array.of(0, 1), scores.slice(0, 2), scores.slice(0, 2)).standardError,
    Infinity,
  );
  assert.throws(() => aucDifference(labels, scores, Float64Array.of(0.1, NaN, 0, 0, 0)), {
    name: "ModelError",
  });
  assert.throws(() => aucDifference(labels, scores, Float64Array.of(0.1)), { name: "ModelError" });
});

Deno.test("a mean of differences has the standard error of the mean", () => {
  const { difference, standardError } = meanDifference([1, 2, 4], [0, 0, 0]);
  assert.ok(Math.abs(difference - 7 / 3) < 1e-12);
  assert.ok(Math.abs(standardError - Math.sqrt((16 / 9 + 1 / 9 + 25 / 9) / 2 / 3)) < 1e-12);
  assert.equal(meanDifference([1], [0]).standardError, Infinity);
});
