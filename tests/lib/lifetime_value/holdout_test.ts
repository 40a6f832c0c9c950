import { expectedCumulative, holdoutErrors } from "../../../lib/lifetime_value/holdout.ts";
import { fitPurchaseModel } from "../../../lib/lifetime_value/estimation/bg_nbd.ts";
import assert from "node:assert/strict";
import { simulatedHistories } from "../../fixtures/simulated_histories.ts";

Deno.test("a cohort's expected purchases grow from its start on, and end near those that were made", () => {
  for (const kind of ["bg/nbd", "mbg/nbd"] as const) {
    const { frequency, recency, T } = simulatedHistories({
      customers: 20_000,
      r: 0.6,
      alpha: 5,
      a: 0.7,
      b: 2.2,
      kind,
      grain: 1,
      seed: 9,
    });
    const model = fitPurchaseModel({ frequency, recency, T }, { kind });
    const starts = T.map((t) => 78 - t);
    const [none, half, all] = expectedCumulative(model, starts, [0, 39, 78]);
    const made = frequency.reduce((sum, x) => sum + x, 0);
    assert.equal(none, 0);
    assert.ok(half! > 0 && half! < all!);
    assert.ok(Math.abs(all! / made - 1) < 0.03, `${kind}: ${all} expected, ${made} made`);
  }
});

Deno.test("errors of a hold-out, and no correlation where nothing varies", () => {
  assert.deepEqual(holdoutErrors([1, 2, 3], [1, 4, 3]), {
    mae: 2 / 3,
    rmse: Math.sqrt(4 / 3),
    correlation: 2 / Math.sqrt(2 * 14 / 3),
    predicted: 6,
    actual: 8,
  });
  assert.equal(holdoutErrors([1, 1], [0, 3]).correlation, null);
});
