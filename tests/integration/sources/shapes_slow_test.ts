/** Tables of the contract that are something else in the shop's database: views, partitions, names in quotes. */
import assert from "node:assert/strict";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow, loadAwkwardShop } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

/** Puts something else in the place of each table but customers, with the same columns and rows. */
const RESHAPE = `
  ALTER TABLE orders RENAME TO "Order Lines";
  ALTER TABLE "Order Lines" RENAME COLUMN quantity TO "Pieces";
  CREATE VIEW orders AS SELECT order_id, customer_id, product_id, order_date, order_amount, "Pieces" AS quantity,
    discount_amount, payment_method, now() AS "Seen At" FROM "Order Lines";
  ALTER TABLE events RENAME TO all_events;
  CREATE TABLE events (LIKE all_events) PARTITION BY RANGE (event_timestamp);
  CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE events_else PARTITION OF events DEFAULT;
  INSERT INTO events SELECT * FROM all_events;
  CREATE DOMAIN sku AS varchar(20);
  ALTER TABLE products ALTER product_id TYPE sku;
  ALTER TABLE inventory RENAME TO counts;
  CREATE MATERIALIZED VIEW inventory AS SELECT * FROM counts;`;

testWith(
  ["postgres", "mongodb"],
  "views, partitioned tables, materialized views and domains are read as the tables they stand for",
  () =>
    withServers(async ({ context, sql }) => {
      await loadAwkwardShop(context);
      await extract(context);
      // Other relations stand for the tables afterwards, so that they are read in full.
      const rowsOfTables = async () =>
        Object.entries((await readRawExtract(context.store)).tables).map((
          [name, { tableOid: _, refreshedAt: __, writeMark: ___, ...table }],
        ) => [name, table]);
      const before = await rowsOfTables();
      await sql.query(RESHAPE);
      const lines: string[] = [];
      const runtime = { ...context.runtime, log: createLogger((line) => void lines.push(line)) };
      const { status, problems } = await extract({ ...context, runtime });
      assert.deepEqual([status, problems], ["unchanged", []]);
      assert.match(lines.join("\n"), /does not read: orders\.Seen At/);
      assert.deepEqual(await rowsOfTables(), before);

      await sql.query(`INSERT INTO "Order Lines" (order_id, order_date) VALUES ('OLD', '2019-01-01');
        INSERT INTO events (event_id, event_timestamp) VALUES ('OLD', '2019-01-01');
        INSERT INTO counts (product_id, warehouse_id, date) VALUES ('OLD', 'W', '2019-01-01');
        REFRESH MATERIALIZED VIEW inventory`);
      await extract(context);
      for (const table of ["orders", "events", "inventory"]) {
        const id = table === "inventory" ? "product_id" : table === "events" ? "event_id" : "order_id";
        const found = await lakeRow(context, table, `count(*) FILTER (${id} = 'OLD') AS rows`);
        assert.deepEqual(found, { rows: 1 }, table);
      }
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a table that is gone or retyped stops alone, one in capitals or with wider numbers is read, and a new column is told",
  () =>
    withServers(async ({ context, sql }) => {
      await loadAwkwardShop(context);
      await extract(context);
      const before = (await readRawExtract(context.store)).tables;
      await sql.query(`ALTER TABLE products RENAME TO goods;
        ALTER TABLE orders ALTER quantity TYPE int[] USING ARRAY[quantity];
        ALTER TABLE events RENAME COLUMN browser TO "Browser"; ALTER TABLE events RENAME TO "Events";
        ALTER TABLE inventory ALTER stock_level TYPE bigint;
        ALTER TABLE customers ADD COLUMN "Loyalty" text;
        INSERT INTO customers (customer_id) VALUES ('NEW')`);
      const lines: string[] = [];
      const runtime = { ...context.runtime, log: createLogger((line) => void lines.push(line)) };
      const { problems } = await extract({ ...context, runtime });
      assert.deepEqual(problems!.map(({ found }) => found), [
        "no table products",
        "orders.quantity integer[]",
      ]);
      const named = problems!.map(({ message }) =>
        /table (\w+) does not match its contract/.exec(message)?.[1]
      );
      assert.deepEqual(named, ["products", "orders"]);
      assert.match(lines.join("\n"), /does not read: customers\.Loyalty/);
      assert.match(lines.join("\n"), /converted: .*inventory\.stock_level \(bigint as a whole number\)/);
      const { customers, ...others } = (await readRawExtract(context.store)).tables;
      for (
        const [name, { tableOid: _, refreshedAt: __, writeMark: ___, ...table }] of Object.entries(others)
      ) {
        const { tableOid: ____, refreshedAt: _____, writeMark: ______, ...was } = before[name]!;
        assert.deepEqual(table, was, name);
      }
      assert.equal(customers!.rows, before.customers!.rows + 1);
    }),
);
