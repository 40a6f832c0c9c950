import assert from "node:assert/strict";
import fc from "fast-check";
import { line } from "../../fixtures/small_shop.ts";
import { withBuiltShop } from "../built_shop.ts";

const orMissing = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 8, nil: null });

/** Lines of few orders, products and amounts, so that they repeat, cancel and contradict each other. */
const orderLine = fc.record({
  order: orMissing(fc.constantFrom("O1", "O2", "C3", " ")),
  customer: orMissing(fc.constantFrom("K1", "K2", "UNKNOWN", "")),
  product: orMissing(fc.constantFrom("P1", "P2", "UNKNOWN")),
  day: orMissing(fc.constantFrom("2024-03-01", "2024-03-02", "0024-03-01")),
  cents: orMissing(fc.constantFrom(-2001, -1000, 0, 1000, 1001, 9_999_999)),
  quantity: orMissing(fc.constantFrom(-2, -1, 0, 1, 2)),
  discount: orMissing(fc.constantFrom(-1, 0, 5)),
});

Deno.test("whatever order lines come in, data tests pass and every cent is kept or explained", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(orderLine, { maxLength: 60 }), async (lines) => {
      const orders = lines.map(({ order, customer, product, day, cents, quantity, discount }) =>
        line(order, customer, product, day, cents === null ? null : cents / 100, quantity, {
          discount_amount: discount,
        })
      );
      // Building runs the data tests, the reconciliation of rows and money among them.
      await withBuiltShop({ orders }, async (shop) => {
        const [sums] = await shop.rows(`SELECT
          (SELECT coalesce(sum(order_amount), 0) FROM fact_orders) AS kept,
          (SELECT coalesce(sum(amount), 0) FROM data_quality
            WHERE source_table = 'orders' AND action = 'dropped') AS dropped`);
        const cents = lines.reduce((sum, { cents }) => sum + (cents ?? 0), 0);
        assert.equal(Math.round((Number(sums!.kept) + Number(sums!.dropped)) * 100), cents);
      });
    }),
    { numRuns: 12, seed: 2 },
  );
});
