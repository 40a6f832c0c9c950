import { decayedPopularity } from "../../../lib/recommendation/matrix.ts";
import assert from "node:assert/strict";

Deno.test("an order counts half after a half-life and a quarter after two", () => {
  const popularity = decayedPopularity(
    { productIds: ["tea", "cup", "cup"], ageDays: [0, 30, 60], orders: [1, 2, 4] },
    30,
  );
  assert.deepEqual([...popularity], [["tea", 1 / 3], ["cup", 2 / 3]]);
});

Deno.test("popularity without sales is empty", () => {
  assert.equal(decayedPopularity({ productIds: [], ageDays: [], orders: [] }, 30).size, 0);
});

Deno.test("popularity refuses sales of the future and a half-life of 0", () => {
  const sales = { productIds: ["tea"], ageDays: [-1], orders: [1] };
  assert.throws(() => decayedPopularity(sales, 30), /sale of tea is later than the as-of date/);
  assert.throws(() => decayedPopularity({ ...sales, ageDays: [1] }, 0), /half-life/);
});
