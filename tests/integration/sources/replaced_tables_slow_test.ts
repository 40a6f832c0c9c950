/** Tables that are emptied or refreshed between the moment that an extract sees and its first look at them. */
import assert from "node:assert/strict";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
// @ts-types="@types/pg"
import pg from "pg";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { AWKWARD_TABLES, lakeRow } from "../../fixtures/awkward_shop.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

/** A user who may read what the shop shows, not the tables behind. */
async function asReader({ context, sql }: Servers, body: (context: Servers["context"]) => Promise<void>) {
  const role = `reader_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader';
    GRANT SELECT ON customers, products, orders, events, inventory TO ${role}`);
  try {
    const postgresUrl = Object.assign(new URL(context.config.postgresUrl), {
      username: role,
      password: "reader",
    }).href;
    await body({ ...context, config: { ...context.config, postgresUrl } });
  } finally {
    await sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

/** Does `change` while the extract waits for `table`, which this holds locked, and then lets it go on. */
async function extractMeanwhile(context: Servers["context"], sql: pg.Client, table: string, change: string) {
  await sql.query(`BEGIN; ${change}`);
  const extracting = extract(context);
  while (true) {
    const { rows } = await sql.query(
      "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = $1::regclass",
      [table],
    );
    if (rows.length > 0) break;
    await delay(20);
  }
  await sql.query("COMMIT");
  return await extracting;
}

const ROWS = "count(*)::int AS rows, count(*) FILTER (WHERE product_id = 'NEW')::int AS new";

testWith(
  ["postgres", "mongodb"],
  "a table behind a view that is emptied and filled again is seen whole, also by a user who may read the view alone",
  () =>
    withServers(async (servers) => {
      const { context, sql } = servers;
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      await sql.query("ALTER TABLE inventory RENAME TO counts; CREATE VIEW inventory AS TABLE counts");
      await asReader(servers, async (reader) => {
        await extract(reader);
        assert.deepEqual(await lakeRow(reader, "inventory", ROWS), { rows: 1, new: 0 });
        const reload = `TRUNCATE counts;
          INSERT INTO counts (product_id, warehouse_id, date)
            VALUES ('NEW', 'W', '2024-03-01'), ('P1', 'W', '2024-03-01')`;
        await extractMeanwhile(reader, sql, "counts", reload);
        assert.deepEqual(await lakeRow(reader, "inventory", ROWS), { rows: 2, new: 1 });
      });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a materialized view that is refreshed meanwhile is of the same moment as the tables",
  () =>
    withServers(async (servers) => {
      const { context, sql } = servers;
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      await sql.query(`ALTER TABLE inventory RENAME TO counts;
        CREATE MATERIALIZED VIEW inventory AS SELECT * FROM counts`);
      await asReader(servers, async (reader) => {
        await extract(reader);
        const refresh = `INSERT INTO products (product_id) VALUES ('NEW');
          INSERT INTO counts (product_id, warehouse_id, date) VALUES ('NEW', 'W', '2024-03-01');
          REFRESH MATERIALIZED VIEW inventory`;
        await extractMeanwhile(reader, sql, "inventory", refresh);
        const products = await lakeRow(
          reader,
          "products",
          "count(*) FILTER (product_id = 'NEW')::int AS new",
        );
        assert.deepEqual(products, { new: 1 });
        assert.deepEqual(await lakeRow(reader, "inventory", ROWS), { rows: 2, new: 1 });
      });
    }),
);
