import { weeklyCartsSql, weeklySalesSql, wholeMonths, wholeWeeks } from "shopflow/kpis/mod.ts";
import assert from "node:assert/strict";
import { openCuratedShop } from "../../fixtures/curated_shop.ts";

const WEEKS = { from: "2024-06-03", to: "2024-06-24" };

Deno.test("whole weeks end with the Sunday before the day, and begin no earlier than the data", () => {
  const data = { first: "2023-01-01" };
  assert.deepEqual(wholeWeeks("2024-06-27", 3, data), WEEKS);
  assert.deepEqual(wholeWeeks("2024-06-24", 3, data), WEEKS, "a Monday ends the week before");
  assert.deepEqual(wholeWeeks("2024-06-27", 26, { first: "2024-06-03" }), WEEKS, "from a Monday on");
  assert.deepEqual(wholeWeeks("2024-06-27", 26, { first: "2024-05-31" }), WEEKS, "a part of a week is none");
  assert.equal(wholeWeeks("2024-06-27", 26, { first: "2024-06-19" }), undefined);
  assert.throws(() => wholeWeeks("June", 3, data), { name: "InputError" });
});

Deno.test("whole months begin no earlier than the data, and are over", () => {
  const months = { from: "2024-02-01", to: "2024-04-01" };
  assert.deepEqual(wholeMonths({ first: "2024-02-01", last: "2024-03-31" }), months);
  assert.deepEqual(wholeMonths({ first: "2024-01-02", last: "2024-04-29" }), months);
  assert.equal(wholeMonths({ first: "2024-03-02", last: "2024-04-29" }), undefined);
});

Deno.test("sales of a week are net of returns; newcomers have their first order in it, and unknown customers are neither", async () => {
  using shop = await openCuratedShop({
    fact_orders: [
      ["O1", "P1", "old", "2024-05-20", "sale", 1, 7],
      ["O2", "P1", "old", "2024-06-03", "sale", 1, 10],
      ["O2", "P2", "old", "2024-06-03", "sale", 1, 5],
      ["O3", "P1", "new", "2024-06-09", "sale", 1, 20],
      ["O4", "P1", "old", "2024-06-05", "return", -1, -3],
      ["O5", "P1", "UNKNOWN", "2024-06-06", "sale", 1, 2],
      ["O6", "P1", "new", "2024-06-17", "sale", 1, 30],
      ["O7", "P1", "late", "2024-06-24", "sale", 1, 99],
    ],
  });
  assert.deepEqual(await shop.rows(weeklySalesSql(WEEKS)), [
    { week: "2024-06-03", sales: 34, orders: 3, customers: 2, newcomer_sales: 20, unknown_sales: 2 },
    { week: "2024-06-10", sales: 0, orders: 0, customers: 0, newcomer_sales: 0, unknown_sales: 0 },
    { week: "2024-06-17", sales: 30, orders: 1, customers: 1, newcomer_sales: 0, unknown_sales: 0 },
  ]);
});

Deno.test("a cart is abandoned when the visit ends without a purchase, and leaves what was not taken out", async () => {
  const event = (
    id: number,
    visit: string | null,
    type: string,
    day: string,
    product: string | null = null,
  ) => [`E${id}`, "C1", visit, type, day, product] as (string | null)[];
  using shop = await openCuratedShop({
    dim_products: [["P1", "P1", "Toys", 10, 5, false], ["P2", "P2", "Toys", 4, 2, false]],
    fact_events: [
      event(1, "bought", "add_to_cart", "2024-06-03", "P1"),
      event(2, "bought", "purchase", "2024-06-03", "P1"),
      event(3, "left", "add_to_cart", "2024-06-09", "P1"),
      event(4, "left", "add_to_cart", "2024-06-09", "P2"),
      event(5, "left", "remove_from_cart", "2024-06-09", "P2"),
      event(6, "looked", "page_view", "2024-06-09", "P1"),
      // Begun on Sunday, bought after midnight.
      event(7, "midnight", "add_to_cart", "2024-06-09", "P2"),
      event(8, "midnight", "purchase", "2024-06-10", "P2"),
      event(9, null, "add_to_cart", "2024-06-18", "P2"),
      event(10, null, "add_to_cart", "2024-06-18", "P1"),
      event(11, null, "add_to_cart", "2024-06-18", "gone"),
    ],
  });
  assert.deepEqual(await shop.rows(weeklyCartsSql(WEEKS)), [
    { week: "2024-06-03", carts: 3, abandoned: 1, abandonment: 1 / 3, value_left: 10, unpriced: 0 },
    { week: "2024-06-10", carts: 0, abandoned: 0, abandonment: null, value_left: 0, unpriced: 0 },
    { week: "2024-06-17", carts: 3, abandoned: 3, abandonment: 1, value_left: 14, unpriced: 1 },
  ]);
});
