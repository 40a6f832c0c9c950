import { interactionsSql, salesByAgeSql } from "../../../lib/recommendation/interactions.ts";
import assert from "node:assert/strict";
import { type CuratedRows, openCuratedShop } from "../../fixtures/curated_shop.ts";

const product = (id: string, inferred = false, category = "Toys") => [id, id, category, 10, 5, inferred];
const sale = (order: string, productId: string, customer: string, day: string, quantity = 1) => [
  order,
  productId,
  customer,
  day,
  quantity > 0 ? "sale" : "return",
  quantity,
];
const event = (customer: string, type: string, day: string, productId: string | null) => [
  `E${customer}${type}${day}`,
  customer,
  "S1",
  type,
  day,
  productId,
];

const SHOP: CuratedRows = {
  dim_products: [
    product("ball"),
    product("kite"),
    product("ghost", true),
    product("post", false, "Service charge"),
  ],
  fact_orders: [
    sale("O1", "ball", "ann", "2024-01-01"),
    sale("O2", "ball", "ann", "2024-03-01", -1),
    sale("O3", "ghost", "ann", "2024-01-01"),
    sale("O4", "ball", "UNKNOWN", "2024-01-01"),
    sale("O5", "kite", "ann", "2024-04-01"),
    sale("O1", "post", "ann", "2024-01-01"),
  ],
  fact_events: [
    event("ann", "page_view", "2024-01-01", "ball"),
    event("ann", "purchase", "2024-01-01", "ball"),
    event("bob", "add_to_cart", "2024-03-31", "kite"),
    event("bob", "remove_from_cart", "2024-03-31", "ball"),
    event("bob", "page_view", "2024-03-31", null),
  ],
};
const weights = { purchase: 3, add_to_cart: 2, page_view: 1 };

Deno.test("interactions add sales, carts and views of known customers and offered products before the as-of date", async () => {
  using session = await openCuratedShop(SHOP);
  const rows = await session.rows(interactionsSql("2024-04-01", { weights, halfLifeDays: Infinity }));
  assert.deepEqual(rows, [
    { customer_id: "ann", product_id: "ball", weight: Math.log(1 + 4), purchased: true },
    { customer_id: "bob", product_id: "kite", weight: Math.log(1 + 2), purchased: false },
  ]);
});

Deno.test("an interaction counts half after a half-life", async () => {
  using session = await openCuratedShop(SHOP);
  // 2024-01-01 is 91 days before 2024-04-01.
  const rows = await session.rows<{ weight: number }>(
    interactionsSql("2024-04-01", { weights, halfLifeDays: 91 }),
  );
  assert.equal(rows[0]!.weight, Math.log(1 + 4 / 2));
});

Deno.test("kinds of events of weight 0 leave no rows", async () => {
  using session = await openCuratedShop(SHOP);
  const onlySales = { weights: { purchase: 1, add_to_cart: 0, page_view: 0 } };
  const rows = await session.rows<{ customer_id: string }>(interactionsSql("2024-04-01", onlySales));
  assert.deepEqual(rows.map(({ customer_id }) => customer_id), ["ann"]);
});

Deno.test("sales by age count orders, unknown customers' too, and neither returns, products without a name nor postage", async () => {
  using session = await openCuratedShop(SHOP);
  assert.deepEqual(await session.rows(salesByAgeSql("2024-04-02")), [
    { product_id: "ball", age_days: 92, orders: 2 },
    { product_id: "kite", age_days: 1, orders: 1 },
  ]);
});

Deno.test("what is no date is refused before it reaches the database", () => {
  assert.throws(() => interactionsSql("2024-02-30"), { name: "InputError" });
  assert.throws(() => salesByAgeSql("'; DROP TABLE fact_orders"), { name: "InputError" });
});
