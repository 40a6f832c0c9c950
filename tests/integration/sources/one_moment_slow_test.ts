/** All tables of an extract are of one moment. */
import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
// @ts-types="@types/pg"
import pg from "pg";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { AWKWARD_TABLES, extractHeldAtOrders, lakeRow } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

/** Tables are locked before the first one is copied, views are not: an extract can be held at one. */
const ORDERS_AS_VIEW = "ALTER TABLE orders RENAME TO order_lines; CREATE VIEW orders AS TABLE order_lines";

testWith(
  ["postgres", "mongodb"],
  "an order placed while the extract runs is in none of its tables",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      await sql.query(ORDERS_AS_VIEW);
      const extracting = await extractHeldAtOrders(context, sql);
      await sql.query(`INSERT INTO customers (customer_id) VALUES ('LATE');
      INSERT INTO orders (order_id, customer_id) VALUES ('LATE', 'LATE');
      COMMIT`);
      await extracting.result;
      const late = "count(*) FILTER (WHERE order_id = 'LATE')::int AS late, count(*)::int AS rows";
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 0, rows: 3 });
      await extract(context);
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 1, rows: 4 });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a table that is emptied and filled again while the extract runs is never seen empty",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      await sql.query(ORDERS_AS_VIEW);
      const extracting = await extractHeldAtOrders(context, sql);
      const shop = new pg.Client({ connectionString: context.config.postgresUrl });
      await shop.connect();
      let isReloaded = false;
      const reloading = shop.query(`BEGIN; TRUNCATE inventory;
        INSERT INTO inventory (product_id, warehouse_id, date)
          VALUES ('NEW', 'W', '2024-03-01'), ('P1', 'W', '2024-03-01');
        COMMIT`).then(() => isReloaded = true);
      while (!isReloaded) {
        const { rows } = await sql.query(
          "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'inventory'::regclass",
        );
        if (rows.length > 0) break;
        await delay(20);
      }
      await sql.query("COMMIT");
      try {
        await extracting.result;
        await reloading;
      } finally {
        await shop.end();
      }
      const rows = "count(*)::int AS rows, count(*) FILTER (WHERE product_id = 'NEW')::int AS new";
      assert.deepEqual(await lakeRow(context, "inventory", rows), { rows: 1, new: 0 });
      await extract(context);
      assert.deepEqual(await lakeRow(context, "inventory", rows), { rows: 2, new: 1 });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a table that stays locked ends the extract, which names it",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      const url = new URL(context.config.postgresUrl);
      url.searchParams.set("options", "-c lock_timeout=200");
      await sql.query("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
      await assert.rejects(
        extract({ ...context, config: { ...context.config, postgresUrl: url.href.replaceAll("+", "%20") } }),
        (error) => {
          assert.ok(error instanceof SourceError);
          assert.match(error.message, /Table orders was not copied: .*has a table locked by another session/);
          return true;
        },
      );
      await sql.query("COMMIT");
    }),
);
