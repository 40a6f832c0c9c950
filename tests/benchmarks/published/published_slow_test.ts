import assert from "node:assert/strict";
import { testWith } from "../../requirements.ts";
import { comparisonText, type PublishedResult, reaches } from "./comparison.ts";
import { COMPARISONS } from "./published.ts";

/** Results that are known to fall short, as `comparison: result`. Each is named in documentation/reference/benchmarks.md. */
const SHORTFALLS: readonly string[] = [];

for (const comparison of COMPARISONS) {
  testWith(["datasets"], `published results are reached: ${comparison.name}`, async () => {
    const results = await comparison.results();
    assert.ok(results.length > 0);
    assert.deepEqual(
      results.filter((result) => !reaches(result)).map(({ name }) => `${comparison.name}: ${name}`),
      SHORTFALLS.filter((shortfall) => shortfall.startsWith(`${comparison.name}: `)),
      comparisonText(comparison, results),
    );
  });
}

Deno.test("a result is reached on its better side, or within its tolerance", () => {
  const result = (ours: number, better: PublishedResult["better"], tolerance?: number) =>
    reaches({
      name: "x",
      ours,
      published: 10,
      source: "s",
      better,
      ...(tolerance !== undefined && { tolerance }),
    });
  assert.deepEqual([result(10, "higher"), result(9.9, "higher"), result(9.9, "higher", 0.2)], [
    true,
    false,
    true,
  ]);
  assert.deepEqual([result(10, "lower"), result(10.1, "lower"), result(10.1, "lower", 0.2)], [
    true,
    false,
    true,
  ]);
  assert.deepEqual([result(10, "same"), result(10.1, "same"), result(9.9, "same", 0.2)], [true, false, true]);
  assert.equal(result(NaN, "lower"), false);
});
