import type { MonthlyTotals } from "shopflow/sources/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { differingMonths, updatedTotals } from "../../../../pipelines/steps/extract/totals.ts";

const anyTotals: fc.Arbitrary<MonthlyTotals> = fc.dictionary(
  fc.constantFrom("2024-01", "2024-02", "undated"),
  fc.record({
    rows: fc.integer({ min: 1, max: 9 }),
    cents: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    quantity: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  }).map(({ rows, cents, quantity }) => {
    const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
    const amount = `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    return { rows, amount, quantity: String(quantity) };
  }),
);

Deno.test("what is added and taken away again leaves control totals as they were, without rounding", () => {
  fc.assert(fc.property(anyTotals, anyTotals, (before, more) => {
    const added = updatedTotals(before, { added: more, removed: {} });
    assert.deepEqual(differingMonths(updatedTotals(added, { added: {}, removed: more }), before), []);
    assert.deepEqual(differingMonths(added, before), Object.keys(more).sort());
  }));
});
