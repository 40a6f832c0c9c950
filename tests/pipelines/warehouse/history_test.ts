import { openSnapshot, type RawInputs } from "shopflow/warehouse/mod.ts";
import type { Manifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { appendBatch, type Batch } from "../../fixtures/raw_batches.ts";
import { customer, event, line, product, type ShopRows, stock } from "../../fixtures/small_shop.ts";
import { withLake } from "../built_shop.ts";
import { build } from "./batch_builds.ts";

/** Builds after every batch; each is extracted at six in the morning of its day. */
async function buildAll(store: ObjectStore, days: [string, Partial<ShopRows>][]): Promise<Manifest[]> {
  let inputs: RawInputs = {};
  const manifests: Manifest[] = [];
  for (const [n, [day, rows]] of days.entries()) {
    const batch: Batch = { run: `run${n}`, extractedAt: `${day} 06:00:00`, rows };
    inputs = await appendBatch(store, inputs, batch);
    manifests.push((await build(store, inputs, manifests.at(-1))).manifest);
  }
  return manifests;
}

async function rowsOf(store: ObjectStore, sql: string) {
  using session = await openSnapshot(store);
  return await session.rows(sql);
}

const VERSIONS = `SELECT city, is_deleted, strftime(valid_from, '%Y-%m-%d') AS since,
  strftime(valid_to, '%Y-%m-%d') AS until, is_current FROM dim_customers WHERE customer_id = 'C1' ORDER BY valid_from`;

Deno.test("a customer who moves and leaves has a version for each state, and facts point to that of their time", async () => {
  await withLake(async ({ store }) => {
    await buildAll(store, [
      ["2024-03-01", {
        customers: [customer("C1", { city: "Leeds" })],
        orders: [line("O1", "C1", "P1", "2024-02-20", 10, 1)],
      }],
      // What the shop derives from behaviour changes: no new version.
      ["2024-03-05", { customers: [customer("C1", { city: "Leeds", total_orders: 9 })] }],
      ["2024-03-10", { customers: [customer("C1", { city: "York", total_orders: 9 })] }],
      ["2024-03-20", { orders: [line("O2", "C1", "P1", "2024-03-19", 10, 1)] }],
      ["2024-04-01", { customers: [customer("C1", { city: "York", total_orders: 9, _deleted: true })] }],
      ["2024-04-03", {
        orders: [line("O3", "C1", "P1", "2024-04-02", 10, 1), line("O4", "C1", "P1", "2024-03-02", 10, 1)],
      }],
    ]);
    assert.deepEqual(await rowsOf(store, VERSIONS), [
      { city: "Leeds", is_deleted: false, since: "1900-01-01", until: "2024-03-10", is_current: false },
      { city: "York", is_deleted: false, since: "2024-03-10", until: "2024-04-01", is_current: false },
      { city: "York", is_deleted: true, since: "2024-04-01", until: null, is_current: true },
    ]);
    const facts = await rowsOf(
      store,
      `SELECT order_id, city, is_deleted, total_orders FROM fact_orders JOIN dim_customers USING (customer_key)
       ORDER BY order_id`,
    );
    assert.deepEqual(facts, [
      { order_id: "O1", city: "Leeds", is_deleted: false, total_orders: 9 },
      { order_id: "O2", city: "York", is_deleted: false, total_orders: 9 },
      { order_id: "O3", city: "York", is_deleted: true, total_orders: 9 },
      { order_id: "O4", city: "Leeds", is_deleted: false, total_orders: 9 },
    ]);
  });
});

Deno.test("a member that only facts know keeps its key when the source learns of it", async () => {
  await withLake(async ({ store }) => {
    const KEYS = "SELECT customer_key, is_inferred FROM dim_customers WHERE customer_id = 'C7'";
    const orders = [line("O1", "C7", "P1", "2024-02-20", 10, 1)];
    const [first] = await buildAll(store, [["2024-03-01", { orders }]]);
    const [inferred] = await rowsOf(store, KEYS);
    const manifests = await buildAll(store, [["2024-03-01", { orders }], ["2024-04-01", {
      customers: [customer("C7")],
    }]]);
    assert.deepEqual(await rowsOf(store, KEYS), [{ ...inferred, is_inferred: false }]);
    assert.deepEqual(manifests[1]!.tables.fact_orders, first!.tables.fact_orders);
  });
});

Deno.test("a price of the past stays with the orders of its time", async () => {
  await withLake(async ({ store }) => {
    await buildAll(store, [
      ["2024-03-01", { products: [product("P1", { price: 10 })] }],
      ["2024-03-10", {
        products: [product("P1", { price: 12, stock_status: "Low Stock" })],
        orders: [line("O1", "C1", "P1", "2024-03-05", 10, 1), line("O2", "C1", "P1", "2024-03-11", 12, 1)],
      }],
    ]);
    const prices = await rowsOf(
      store,
      `SELECT order_id, price, stock_status FROM fact_orders JOIN dim_products USING (product_key) ORDER BY 1`,
    );
    assert.deepEqual(prices, [
      { order_id: "O1", price: 10, stock_status: "Low Stock" },
      { order_id: "O2", price: 12, stock_status: "Low Stock" },
    ]);
  });
});

Deno.test("a member whose id two source rows write differently lives until both are deleted", async () => {
  await withLake(async ({ store }) => {
    const [one, other] = [customer("C1", { city: "Leeds" }), customer(" C1", { city: "York" })];
    const [article, copy] = [product("P1", { price: 10 }), product("P1 ", { price: 12 })];
    await buildAll(store, [
      ["2024-03-01", { customers: [one, other], products: [copy] }],
      ["2024-03-05", { customers: [{ ...one, email: "C1@example.org" }], products: [article] }],
      ["2024-03-10", {
        customers: [{ ...other, _deleted: true }],
        products: [{ ...article, _deleted: true }],
      }],
      ["2024-03-15", { customers: [{ ...other, email: "A1@example.com" }] }],
      ["2024-03-20", { customers: [{ ...other, email: "A1@example.com", _deleted: true }] }],
      ["2024-03-25", { customers: [{ ...one, email: "C1@example.org", _deleted: true }] }],
    ]);
    const versions = (member: string, attribute: string) =>
      rowsOf(
        store,
        `SELECT ${attribute} AS attribute, is_deleted, strftime(valid_from, '%Y-%m-%d') AS since
         FROM dim_${member}s WHERE ${member}_id IN ('C1', 'P1') ORDER BY valid_from`,
      );
    assert.deepEqual(await versions("customer", "email || ' ' || city"), [
      { attribute: "C1@example.com Leeds", is_deleted: false, since: "1900-01-01" },
      // Of the two the one that staging keeps, as if both had arrived today.
      { attribute: "C1@example.com York", is_deleted: false, since: "2024-03-05" },
      { attribute: "C1@example.org Leeds", is_deleted: false, since: "2024-03-10" },
      { attribute: "A1@example.com York", is_deleted: false, since: "2024-03-15" },
      { attribute: "C1@example.org Leeds", is_deleted: false, since: "2024-03-20" },
      { attribute: "A1@example.com York", is_deleted: true, since: "2024-03-25" },
    ]);
    assert.deepEqual(await versions("product", "price"), [
      { attribute: 12, is_deleted: false, since: "1900-01-01" },
      { attribute: 10, is_deleted: false, since: "2024-03-05" },
      { attribute: 12, is_deleted: false, since: "2024-03-10" },
    ]);
  });
});

Deno.test("a day's rows rewrite the files of their month and of no other", async () => {
  await withLake(async ({ store }) => {
    const months = ["2024-01-10", "2024-02-10", "2024-03-10"];
    const [first, second] = await buildAll(store, [
      ["2024-03-11", {
        orders: months.map((day, i) => line(`O${i}`, "C1", "P1", day, 10, 1)),
        events: months.map((day, i) => event(`E${i}`, "C1", "page_view", `${day} 10:00:00`)),
        inventory: months.map((day) => stock("P1", "WH-NEW", day, 1)),
      }],
      ["2024-03-12", {
        // A correction of February's order, and a new event of March.
        orders: [line("O1", "C1", "P1", "2024-02-10", 20, 2)],
        events: [event("E9", "C1", "page_view", "2024-03-11 10:00:00")],
      }],
    ]);
    const changed = (table: string) => {
      const before = new Set(first!.tables[table]!.files.map(({ key }) => key));
      return second!.tables[table]!.files.filter(({ key }) => !before.has(key)).map(({ partition }) =>
        partition
      );
    };
    assert.deepEqual(first!.tables.fact_orders!.files.map(({ partition }) => partition), [
      "2024-01",
      "2024-02",
      "2024-03",
    ]);
    assert.deepEqual(changed("fact_orders"), ["2024-02"]);
    assert.deepEqual(changed("fact_events"), ["2024-03"]);
    assert.deepEqual(changed("fact_inventory_snapshots"), []);
    assert.deepEqual(await rowsOf(store, "SELECT order_amount FROM fact_orders ORDER BY order_date"), [
      { order_amount: 10 },
      { order_amount: 20 },
      { order_amount: 10 },
    ]);
  });
});

Deno.test("a manifest tells where its tables come from: raw files and their months, and the SQL of each model", async () => {
  await withLake(async ({ store }) => {
    const orders = [line("O1", "C1", "P1", "2024-02-20", 10, 1), line("O2", "C1", "P1", null, 10, 1)];
    const [{ inputs, lineage }] = await buildAll(store, [["2024-03-01", { orders }]]) as [Manifest];
    assert.equal(inputs.orders![0]!.key, "raw/orders/run0.parquet");
    assert.deepEqual(lineage!.rawMonths["raw/orders/run0.parquet"], ["2024-02", "undated"]);
    assert.match(lineage!.models.fact_orders!, /^[0-9a-f]{16}$/);
  });
});
