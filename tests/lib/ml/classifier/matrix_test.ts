import assert from "node:assert/strict";
import { featureMatrix, matrixRow, stackMatrices } from "shopflow/ml/classifier/mod.ts";

Deno.test("columns become rows, and null becomes a value that is not known", () => {
  const matrix = featureMatrix(["a", "b"], { b: [3, 4], a: [1, null], other: ["not", "used"] });
  assert.equal(matrix.rows, 2);
  assert.deepEqual([...matrix.values], [1, 3, NaN, 4]);
  assert.deepEqual([...matrixRow(matrix, 1)], [NaN, 4]);
});

Deno.test("columns that are missing, of another length or not numbers are refused", () => {
  const wrong: [Record<string, unknown[]>, RegExp][] = [
    [{ a: [1] }, /feature b does not fit: expected 1 values, found no such column/],
    [{ a: [1], b: [1, 2] }, /feature b does not fit: expected 1 values, found 2 values/],
    [{ a: [1], b: ["7"] }, /Row 0 of the feature b.*found 7/],
    [{ a: [1], b: [Infinity] }, /Row 0 of the feature b.*found Infinity/],
    [{ a: [1], b: [undefined] }, /Row 0 of the feature b.*found undefined/],
  ];
  for (const [columns, message] of wrong) {
    assert.throws(() => featureMatrix(["a", "b"], columns), { name: "ModelError", message });
  }
});

Deno.test("matrices of the same features are stacked, others are refused", () => {
  const upper = featureMatrix(["a", "b"], { a: [1], b: [2] });
  const lower = featureMatrix(["a", "b"], { a: [3, 5], b: [4, 6] });
  const { rows, values } = stackMatrices([upper, lower]);
  assert.equal(rows, 3);
  assert.deepEqual([...values], [1, 2, 3, 4, 5, 6]);
  const swapped = featureMatrix(["b", "a"], { a: [1], b: [2] });
  assert.throws(() => stackMatrices([upper, swapped]), { name: "ModelError", message: /not the features/ });
});
