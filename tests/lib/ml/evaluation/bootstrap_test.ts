import assert from "node:assert/strict";
import { bootstrapIntervals } from "../../../../lib/ml/evaluation/bootstrap.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

/** The mean of values, as a statistic of how often each was drawn. */
const meanOf = (values: readonly number[]) => (weights?: Uint16Array) => {
  const total = values.reduce((sum, value, i) => sum + value * (weights?.[i] ?? 1), 0);
  return { mean: total / (weights?.reduce((a, b) => a + b, 0) ?? values.length) };
};

Deno.test("the interval of a mean is about two standard errors on each side", () => {
  const random = createRandom(5);
  const values = Array.from({ length: 400 }, (): number => random() < 0.3 ? 1 : 0);
  const { mean } = bootstrapIntervals(values.map((_, i) => `C${i}`), meanOf(values), { samples: 2000 });
  const standardError = Math.sqrt(mean.value * (1 - mean.value) / 400);
  assert.equal(mean.value, values.reduce((a, b) => a + b, 0) / 400);
  for (const half of [mean.value - mean.lower, mean.upper - mean.value]) {
    assert.ok(Math.abs(half / (1.96 * standardError) - 1) < 0.12, `${half} and ${1.96 * standardError}`);
  }
});

Deno.test("rows of one customer are drawn together: equal rows add no certainty", () => {
  const values = Array.from({ length: 400 }, (_, i) => i % 100 < 30 ? 1 : 0);
  const apart = bootstrapIntervals(values.map((_, i) => `C${i}`), meanOf(values)).mean;
  const together = bootstrapIntervals(values.map((_, i) => `C${i % 100}`), meanOf(values)).mean;
  const ratio = (together.upper - together.lower) / (apart.upper - apart.lower);
  assert.ok(ratio > 1.6 && ratio < 2.4, `${ratio}, 2 expected of four equal rows each`);
});

Deno.test("equal seeds give equal intervals", () => {
  const values = Array.from({ length: 50 }, (_, i) => i);
  const of = (seed: number) => bootstrapIntervals(values.map(String), meanOf(values), { seed });
  assert.deepEqual(of(3), of(3));
  assert.notDeepEqual(of(3), of(4));
});

Deno.test("a statistic without a value in most samples has no interval", () => {
  const { share } = bootstrapIntervals(["a", "b"], (weights) => {
    if (weights !== undefined) throw new TooLittleDataError("one class", { expected: "two", found: "one" });
    return { share: 0.5 };
  });
  assert.deepEqual(share, { value: 0.5, lower: NaN, upper: NaN });
});
