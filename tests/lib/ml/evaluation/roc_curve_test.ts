import assert from "node:assert/strict";
import { rocCurve } from "shopflow/ml/evaluation/mod.ts";

Deno.test("the area under the ROC curve's points is the AUC", () => {
  const curve = rocCurve(Uint8Array.of(0, 0, 1, 1), Float64Array.of(0.1, 0.4, 0.35, 0.8));
  let area = 0;
  for (const [i, point] of curve.slice(1).entries()) {
    const before = curve[i]!;
    area += (point.falsePositiveRate - before.falsePositiveRate) *
      (point.truePositiveRate + before.truePositiveRate) / 2;
  }
  assert.equal(area, 0.75);
  assert.deepEqual([curve[0]!.falsePositiveRate, curve.at(-1)!.truePositiveRate], [0, 1]);
});

Deno.test("equal scores make one point of the ROC curve", () => {
  const curve = rocCurve(Uint8Array.of(0, 1, 0, 1), Float64Array.of(0.5, 0.5, 0.5, 0.5));
  assert.equal(curve.length, 2);
});

Deno.test("a long ROC curve is thinned for drawing", () => {
  const many = Float64Array.from({ length: 5000 }, (_, i) => i);
  const curve = rocCurve(Uint8Array.from(many, (i) => i % 2), many, { points: 100 });
  assert.ok(curve.length > 90 && curve.length < 110, String(curve.length));
});
