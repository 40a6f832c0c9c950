import assert from "node:assert/strict";
import { distributionOf, shiftFrom } from "../../../../lib/ml/monitoring/distribution.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

/** Normal values by the sum of twelve uniform ones. */
function normal(rows: number, seed: number, { mean = 0, spread = 1 } = {}): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: rows }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random();
    return mean + spread * sum;
  });
}

Deno.test("a distribution has deciles, and unknown values as a share of their own", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  const { edges, shares, unknown } = distributionOf([...values, ...new Array(100).fill(NaN)]);
  assert.equal(edges.length, 9);
  assert.equal(unknown, 0.5);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, unknown) - 1) < 1e-12);
  for (const share of shares) assert.ok(Math.abs(share - 0.05) <= 0.006, String(shares));
});

Deno.test("values that many rows share are one bin, a constant is one, nothing known none", () => {
  assert.deepEqual(distributionOf([0, 0, 0, 0, 0, 0, 0, 0, 5, 9]).edges, [0, 5]);
  assert.deepEqual(distributionOf([7, 7, 7]), { rows: 3, range: [7, 7], edges: [], shares: [1], unknown: 0 });
  assert.deepEqual(distributionOf([NaN, NaN]), {
    rows: 2,
    range: null,
    edges: [],
    shares: [0],
    unknown: 1,
  });
  assert.deepEqual(distributionOf([]), { rows: 0, range: null, edges: [], shares: [0], unknown: 0 });
});

Deno.test("the index is that of the formula", () => {
  // Two bins: half and half then, three quarters and a quarter now.
  const then = {
    rows: 10_000,
    range: [-1, 1] as [number, number],
    edges: [0],
    shares: [0.5, 0.5],
    unknown: 0,
  };
  const now = [...new Array(7500).fill(-1), ...new Array(2500).fill(1)];
  const expected = 0.25 * Math.log(0.75 / 0.5) + -0.25 * Math.log(0.25 / 0.5);
  const { psi, verdict } = shiftFrom(then, now);
  assert.ok(Math.abs(psi - expected) < 1e-12);
  assert.equal(verdict, "moved far");
});

Deno.test("a shift of the mean or of what is unknown is seen, the same distribution is stable", () => {
  const then = distributionOf(normal(5000, 1));
  assert.equal(shiftFrom(then, normal(5000, 2)).verdict, "stable");
  assert.equal(shiftFrom(then, normal(5000, 3, { mean: 0.4 })).verdict, "moved");
  assert.equal(shiftFrom(then, normal(5000, 4, { mean: 1 })).verdict, "moved far");
  const unknown = normal(5000, 5).map((value, row) => row % 3 === 0 ? NaN : value);
  const shift = shiftFrom(then, unknown);
  assert.equal(shift.verdict, "moved far");
  assert.deepEqual(shift.unknown.map((share) => Math.round(share * 100)), [0, 33]);
});

Deno.test("without a shift small samples are above their limit of chance in about 5 of 100 cases", () => {
  const then = distributionOf(normal(2000, 1));
  const above = Array.from({ length: 400 }, (_, i) => shiftFrom(then, normal(100, 100 + i)))
    .filter(({ psi, byChance }) => psi > byChance).length;
  assert.ok(above >= 6 && above <= 46, `${above} of 400`);
  assert.equal(shiftFrom(then, normal(20, 7)).verdict, "too few");
});

Deno.test("a value where none was is no infinite shift; a constant that becomes another has moved far", () => {
  const constant = distributionOf(new Array(1000).fill(3));
  assert.equal(shiftFrom(constant, new Array(1000).fill(3)).psi, 0);
  for (const other of [2, 4]) {
    assert.equal(shiftFrom(constant, new Array(1000).fill(other)).verdict, "moved far");
  }
  const known = shiftFrom(distributionOf(new Array(1000).fill(NaN)), new Array(1000).fill(1));
  assert.ok(Number.isFinite(known.psi) && known.verdict === "moved far");
});
