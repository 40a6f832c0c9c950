import assert from "node:assert/strict";
import { rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";

// The expected values are scikit-learn's (1.9) for the same rows.
const LABELS = Uint8Array.from({ length: 40 }, (_, i) => i * 7919 % 13 < 5 ? 1 : 0);
const PROBABILITIES = Float64Array.from(
  { length: 40 },
  (_, i) => Math.round(100 * (0.05 + 0.9 * (i * 31 % 17 / 17 * 0.6 + 0.4 * LABELS[i]! * (i % 3) / 2))) / 100,
);
const near = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found}`);

Deno.test("ranked metrics equal scikit-learn's", () => {
  const metrics = rankedMetrics(rankRows(LABELS, PROBABILITIES), 0.5);
  near(metrics.auc, 0.6197916666666667);
  near(metrics.prAuc, 0.6994026814569094);
  near(metrics.logLoss, 0.6965682722035658);
  near(metrics.brier, 0.23550500000000002);
});

Deno.test("rows counted several times equal scikit-learn's sample weights", () => {
  const weights = Uint16Array.from({ length: 40 }, (_, i) => i * 5 % 3);
  const metrics = rankedMetrics(rankRows(LABELS, PROBABILITIES), 0.5, weights);
  near(metrics.auc, 0.8722222222222222);
  near(metrics.prAuc, 0.8796296296296295);
  near(metrics.logLoss, 0.4632375698233422);
  near(metrics.brier, 0.14665897435897435);
});

Deno.test("a row counted twice is two equal rows", () => {
  const labels = Uint8Array.of(1, 0, 1, 0, 0, 1, 0, 1, 1, 0);
  const probabilities = Float64Array.of(0.9, 0.8, 0.8, 0.6, 0.5, 0.45, 0.4, 0.3, 0.2, 0.1);
  const twice = rankedMetrics(rankRows(labels, probabilities), 0.5, new Uint8Array(10).fill(2));
  const rows = [...labels.keys(), ...labels.keys()];
  const repeated = rankedMetrics(
    rankRows(Uint8Array.from(rows, (i) => labels[i]!), Float64Array.from(rows, (i) => probabilities[i]!)),
    0.5,
  );
  for (const name of ["auc", "prAuc", "logLoss", "brier", "liftTopTenth", "precisionContacted"] as const) {
    near(twice[name], repeated[name]);
  }
});

Deno.test("lift is of the tenth with the highest scores, of a tie that it cuts a part", () => {
  const labels = Uint8Array.from({ length: 20 }, (_, i) => i < 5 ? 1 : 0);
  const sorted = Float64Array.from({ length: 20 }, (_, i) => 1 - i / 20);
  assert.equal(rankedMetrics(rankRows(labels, sorted), 2).liftTopTenth, 4);
  const tied = Float64Array.from({ length: 20 }, (_, i) => i < 10 ? 0.8 : 0.2);
  near(rankedMetrics(rankRows(labels, tied), 2).liftTopTenth, 2);
  near(rankedMetrics(rankRows(labels, new Float64Array(20).fill(0.25)), 2).liftTopTenth, 1);
});

Deno.test("those contacted are those above the threshold, and nobody has no precision", () => {
  const labels = Uint8Array.of(1, 1, 0, 0);
  const probabilities = Float64Array.of(0.9, 0.7, 0.71, 0.2);
  const { contactedShare, precisionContacted, liftContacted } = rankedMetrics(
    rankRows(labels, probabilities),
    0.7,
  );
  assert.deepEqual([contactedShare, precisionContacted, liftContacted], [0.5, 0.5, 1]);
  const nobody = rankedMetrics(rankRows(labels, probabilities), 0.95);
  assert.deepEqual([nobody.contactedShare, nobody.precisionContacted], [0, NaN]);
});

Deno.test("one class has no metrics", () => {
  assert.throws(() => rankedMetrics(rankRows(Uint8Array.of(1, 1), Float64Array.of(0.1, 0.2)), 0.5), {
    name: "TooLittleDataError",
    message: /rows of class 0 and of class 1, found 2 of class 1 and 0 of class 0/,
  });
});
