import {
  chiSquareQuantile,
  chiSquareTail,
  logGamma,
  normalCdf,
  normalQuantile,
  studentQuantile,
  studentTail,
} from "../../../../lib/ml/statistics/distributions.ts";
import assert from "node:assert/strict";

/** The expected numbers were computed with Python's statistics and math modules, and with scipy.stats. */
function near(actual: number, expected: number, tolerance = 1e-10): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `expected ${expected}, found ${actual}`);
}

Deno.test("normal probabilities and quantiles are those of the tables", () => {
  near(normalCdf(-3), 0.0013498980316301035, 1e-14);
  near(normalCdf(0.5), 0.6914624612740131, 1e-14);
  near(normalCdf(1.645), 0.9500150944608786, 1e-14);
  near(normalCdf(-9), 0);
  near(normalCdf(9), 1);
  near(normalQuantile(0.5), 0);
  near(normalQuantile(0.95), 1.6448536269514715);
  near(normalQuantile(0.999), 3.090232306167813);
  near(normalQuantile(0.0001), -3.71901648545568);
});

Deno.test("a quantile exists only for probabilities between 0 and 1", () => {
  for (const p of [0, 1, -1, NaN]) {
    assert.throws(() => normalQuantile(p), { name: "ModelError" });
    assert.throws(() => studentQuantile(p, 5), { name: "ModelError" });
  }
  for (const df of [0, -1, NaN]) assert.throws(() => studentQuantile(0.9, df), { name: "ModelError" });
});

Deno.test("Student's quantiles and tails are those of scipy, for one degree of freedom and for a million", () => {
  near(studentQuantile(0.975, 1), 12.706204736174694, 1e-9);
  near(studentQuantile(0.025, 1), -12.706204736174694, 1e-9);
  near(studentQuantile(0.975, 2.5), 3.5746548420036817, 1e-9);
  near(studentQuantile(0.975, 30), 2.0422724563012378);
  near(studentQuantile(0.995, 1e6), 2.5758342201053344, 1e-9);
  near(studentQuantile(0.9, Infinity), normalQuantile(0.9));
  near(studentQuantile(0.5, 3), 0);
  near(studentTail(3, 5), 0.015049623948731293);
});

Deno.test("tails of chi-square and log-gamma are those of scipy", () => {
  near(chiSquareTail(3.84, 1), 0.05004352124870519);
  near(chiSquareTail(20, 2), 4.539992976248486e-05, 1e-15);
  near(chiSquareTail(0.1, 7), 0.9999976885812014);
  near(chiSquareTail(100, 80), 0.064570368921133);
  assert.equal(chiSquareTail(0, 3), 1);
  near(logGamma(0.3), 1.0957979948180756);
  near(logGamma(100.5), 361.43554046777757);
});

Deno.test("the chi-square quantile is that of tables, and the tail's inverse", () => {
  // NIST/SEMATECH e-Handbook, table 1.3.6.7.4.
  for (const [df, value] of [[1, 3.841], [2, 5.991], [10, 18.307], [100, 124.342]] as const) {
    assert.ok(Math.abs(chiSquareQuantile(0.95, df) - value) < 5e-4, String(df));
  }
  for (const p of [1e-6, 0.1, 0.5, 0.999999]) {
    assert.ok(Math.abs(1 - chiSquareTail(chiSquareQuantile(p, 3), 3) - p) < 1e-9, String(p));
  }
});
