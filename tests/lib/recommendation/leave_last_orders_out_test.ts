import { leaveLastOrdersOutSql, SPLIT_TABLES } from "../../../lib/recommendation/ranking.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { type CuratedRows, openCuratedShop } from "../../fixtures/curated_shop.ts";

const product = (id: string, inferred = false) => [id, id, "Toys", 10, 5, inferred];
const sale = (order: string, productId: string, customer: string, day: string) => [
  order,
  productId,
  customer,
  day,
  "sale",
  1,
];
let events = 0;
const event = (session: string, customer: string, type: string, day: string, productId: string) => [
  `E${++events}`,
  customer,
  session,
  type,
  day,
  productId,
];

const SHOP: CuratedRows = {
  dim_products: [product("ball"), product("kite"), product("drum"), product("ghost", true)],
  fact_orders: [
    sale("A1", "ball", "ann", "2024-01-10"),
    sale("A2", "kite", "ann", "2024-02-10"),
    sale("A3", "drum", "ann", "2024-02-10"),
    sale("A3", "ghost", "ann", "2024-02-10"),
    sale("B1", "ball", "bob", "2024-03-01"),
    sale("B2", "kite", "bob", "2024-03-01"),
    sale("U1", "ball", "UNKNOWN", "2024-01-01"),
    sale("U2", "ball", "UNKNOWN", "2024-02-01"),
    ["R1", "ball", "cid", "2024-04-01", "return", -1],
    sale("C1", "ball", "cid", "2024-01-01"),
    sale("A9", "ball", "ann", "2024-07-01"),
  ],
  fact_events: [
    event("early", "ann", "page_view", "2024-02-01", "kite"),
    event("abandoned the day before", "ann", "add_to_cart", "2024-02-09", "drum"),
    event("checked out the day before", "ann", "page_view", "2024-02-09", "kite"),
    event("checked out the day before", "ann", "purchase", "2024-02-09", "kite"),
    event("over midnight", "ann", "page_view", "2024-02-09", "kite"),
    event("over midnight", "ann", "purchase", "2024-02-10", "kite"),
    event("later", "ann", "page_view", "2024-03-05", "drum"),
    event("another's later", "bob", "page_view", "2024-05-05", "kite"),
    event("after the as-of date", "bob", "page_view", "2024-06-01", "kite"),
  ],
};

async function split(): Promise<Session & Disposable> {
  const session = await openCuratedShop(SHOP);
  for (const statement of leaveLastOrdersOutSql("2024-06-01")) await session.run(statement);
  return session;
}

Deno.test("the orders of each customer's last day are the test set when there was an earlier day", async () => {
  using session = await split();
  assert.deepEqual(await session.rows(`FROM ${SPLIT_TABLES.testProducts}`), [
    { customer_id: "ann", cut_off: "2024-02-10", product_id: "drum" },
    { customer_id: "ann", cut_off: "2024-02-10", product_id: "kite" },
  ]);
});

Deno.test("test orders are not in the training part, others are", async () => {
  using session = await split();
  const rows = await session.rows<{ order_id: string }>(
    `SELECT DISTINCT order_id FROM ${SPLIT_TABLES.trainingOrders} ORDER BY order_id`,
  );
  assert.deepEqual(rows.map(({ order_id }) => order_id), ["A1", "B1", "B2", "C1", "R1", "U1", "U2"]);
});

Deno.test("the visit that led to a test order and what came after leave no trace in training", async () => {
  using session = await split();
  const rows = await session.rows<{ session_id: string }>(
    `SELECT DISTINCT session_id FROM ${SPLIT_TABLES.trainingEvents} ORDER BY session_id`,
  );
  assert.deepEqual(rows.map(({ session_id }) => session_id), [
    "abandoned the day before",
    "another's later",
    "early",
  ]);
});
