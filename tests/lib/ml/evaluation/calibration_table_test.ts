import assert from "node:assert/strict";
import { calibrationTable } from "shopflow/ml/evaluation/mod.ts";

const probabilities = Float64Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
const labels = Uint8Array.from(probabilities, (p) => p > 0.5 ? 1 : 0);

Deno.test("a calibration table compares prediction and outcome in bins of equal size", () => {
  const table = calibrationTable(labels, probabilities, { bins: 4 });
  assert.deepEqual(table.map(({ rows }) => rows), [5, 5, 5, 5]);
  assert.deepEqual(table.map(({ observed }) => observed), [0, 0, 1, 1]);
  assert.deepEqual(table.map(({ predicted }) => Number(predicted.toFixed(3))), [0.125, 0.375, 0.625, 0.875]);
  assert.deepEqual([table[0]!.lowest, table[3]!.highest], [0.025, 0.975]);
});

Deno.test("fewer rows than bins give fewer bins, and no row is lost", () => {
  const table = calibrationTable(Uint8Array.of(0, 1, 1), Float64Array.of(0.9, 0.2, 0.4));
  assert.deepEqual(table.map(({ bin, rows, observed }) => [bin, rows, observed]), [[1, 1, 1], [2, 1, 1], [
    3,
    1,
    0,
  ]]);
});
