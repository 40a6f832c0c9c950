/** Rows of tables that are read by the transactions that wrote them: what that finds, and when all rows are compared. */
import assert from "node:assert/strict";
import { createLogger } from "shopflow/runtime/mod.ts";
import { SOURCE_TABLES } from "shopflow/sources/mod.ts";
// @ts-types="@types/pg"
import pg from "pg";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { startPostgresCluster } from "../../fixtures/postgres_cluster.ts";
import { assertSameRows } from "../../fixtures/same_rows.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

/** Extracts and says how a table was read: `written`, or `in full`. */
async function readingOf(context: PipelineContext, table = "customers"): Promise<string> {
  const lines: string[] = [];
  const log = createLogger((line) => void lines.push(line), "debug");
  await extract({ ...context, runtime: { ...context.runtime, log } });
  const text = lines.join("\n");
  const reading = new RegExp(`${table}: read and compared (.*) in `).exec(text)?.[1] ?? "not at all";
  if (text.includes(`${table}: rows were deleted`)) return "written, then in full";
  return reading.startsWith("what transaction") ? "written" : reading;
}

/** Customers of a table of their own, extracted once. */
const withCustomers = (body: (servers: Servers) => Promise<void>) =>
  withServers(async (servers) => {
    const { context, sql } = servers;
    await createShopTables(sql, { months: 1, rows: 10 });
    await sql.query(`INSERT INTO customers (customer_id, city, total_orders, total_spent)
      SELECT 'N' || i, 'Leeds', i, i + 0.5 FROM generate_series(1, 200) AS i`);
    await extract(context);
    assert.equal(await readingOf(context), "written");
    await body(servers);
  });

/** A connection whose server may stop under it. */
async function connected(url: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** What a shop does between two extracts, by how the second one reads customers. */
const CHANGES: [name: string, reading: string, sql: string][] = [
  ["a row that changes", "written", "UPDATE customers SET city = 'York' WHERE customer_id = 'N7'"],
  ["rows written again as they were", "written", "UPDATE customers SET city = city"],
  ["a row that comes", "written", "INSERT INTO customers (customer_id) VALUES ('NEW')"],
  ["a second row of a key", "written", "INSERT INTO customers (customer_id, city) VALUES ('N7', 'Hull')"],
  [
    "a row of a savepoint",
    "written",
    "BEGIN; SAVEPOINT a; INSERT INTO customers (customer_id) VALUES ('S1'); ROLLBACK TO a; SAVEPOINT b; " +
    "INSERT INTO customers (customer_id) VALUES ('S2'); COMMIT",
  ],
  ["a row that goes", "written, then in full", "DELETE FROM customers WHERE customer_id = 'N7'"],
  [
    "a row that goes while another comes",
    "written, then in full",
    "DELETE FROM customers WHERE customer_id = 'N7'; INSERT INTO customers (customer_id) VALUES ('NEW')",
  ],
  [
    "another key of a row",
    "written, then in full",
    "UPDATE customers SET customer_id = 'X' WHERE customer_id = 'N7'",
  ],
  [
    "one of two rows of a key that goes",
    "written, then in full",
    "INSERT INTO customers (customer_id) VALUES ('C1'), ('N8'); DELETE FROM customers WHERE customer_id = 'C2'",
  ],
  [
    "a table that is emptied and filled again",
    "in full",
    `CREATE TEMP TABLE kept AS TABLE customers; TRUNCATE customers;
     INSERT INTO customers TABLE kept; UPDATE customers SET city = 'Bath' WHERE customer_id = 'N9'`,
  ],
  [
    "a column that comes back with a default, which writes no row",
    "in full",
    "ALTER TABLE customers DROP COLUMN city, ADD COLUMN city varchar(100) DEFAULT 'Rome'",
  ],
  [
    "columns that change places",
    "in full",
    `ALTER TABLE customers RENAME COLUMN first_name TO given;
     ALTER TABLE customers RENAME COLUMN last_name TO first_name; ALTER TABLE customers RENAME COLUMN given TO last_name`,
  ],
  [
    "a view in its place",
    "in full",
    "ALTER TABLE customers RENAME TO c; CREATE VIEW customers AS SELECT * FROM c",
  ],
  [
    "a child that inherits",
    "in full",
    "CREATE TABLE more () INHERITS (customers); INSERT INTO more (customer_id) VALUES ('M')",
  ],
];

for (const [name, reading, change] of CHANGES) {
  testWith(
    ["postgres", "mongodb"],
    `customers are those of the source after ${name}`,
    () =>
      withCustomers(async ({ context, sql }) => {
        await sql.query(change);
        assert.equal(await readingOf(context), reading);
        await assertSameRows(context, sql, "customers");
        assert.equal((await extract(context)).status, "unchanged");
      }),
  );
}

testWith(
  ["postgres", "mongodb"],
  "rows of a transaction that was open at one extract are read by the next, however many came between",
  () =>
    withCustomers(async ({ context, sql }) => {
      const late = new pg.Client({ connectionString: context.config.postgresUrl });
      await late.connect();
      await late.query("BEGIN; UPDATE customers SET city = 'Ely' WHERE customer_id = 'N3'");
      await sql.query("UPDATE customers SET city = 'York' WHERE customer_id = 'N7'");
      assert.equal(await readingOf(context), "written");
      await assertSameRows(context, sql, "customers");
      for (let i = 0; i < 20; i++) await sql.query("SELECT txid_current()");
      await late.query("COMMIT");
      await late.end();
      assert.equal(await readingOf(context), "written");
      await assertSameRows(context, sql, "customers");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "frozen rows, and rows that are moved to another file, are those of the source",
  () =>
    withCustomers(async ({ context, sql }) => {
      await sql.query("UPDATE customers SET city = 'York' WHERE customer_id = 'N7'");
      await sql.query("VACUUM (FREEZE) customers");
      assert.equal(await readingOf(context), "written");
      await assertSameRows(context, sql, "customers");
      await sql.query("UPDATE customers SET city = 'Ely' WHERE customer_id = 'N8'");
      await sql.query("VACUUM FULL customers");
      assert.equal(await readingOf(context), "in full");
      await assertSameRows(context, sql, "customers");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "labels of an enum that are renamed are read, though no row was written",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      await sql.query(`CREATE TYPE segment AS ENUM ('High Value', 'Low Value');
      ALTER TABLE customers ALTER customer_segment TYPE segment USING 'Low Value'`);
      await extract(context);
      assert.equal(await readingOf(context), "written");
      await sql.query("ALTER TYPE segment RENAME VALUE 'Low Value' TO 'Small'");
      assert.equal(await readingOf(context), "in full");
      await assertSameRows(context, sql, "customers");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "whoever may read some columns alone reads all rows",
  () =>
    withCustomers(async ({ context, sql }) => {
      const role = `reader_${crypto.randomUUID().replaceAll("-", "")}`;
      const columns = SOURCE_TABLES[0]!.columns.map(({ name }) => name).join(", ");
      await sql.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'reader'; GRANT SELECT (${columns}) ON customers TO ${role};
      GRANT SELECT ON products, orders, events, inventory TO ${role}`,
      );
      try {
        const postgresUrl = Object.assign(new URL(context.config.postgresUrl), {
          username: role,
          password: "reader",
        });
        const reader = { ...context, config: { ...context.config, postgresUrl: postgresUrl.href } };
        await extract(reader);
        await sql.query("UPDATE customers SET city = 'York' WHERE customer_id = 'N7'");
        assert.equal(await readingOf(reader), "in full");
        await assertSameRows(context, sql, "customers");
      } finally {
        await sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    }),
);

testWith(
  ["postgres", "mongodb"],
  "all rows are compared once a week, and when a person asks for it",
  () =>
    withCustomers(async ({ context }) => {
      const week = new Date(Date.now() + 8 * 24 * 60 * 60 * 1000);
      const later = { ...context, runtime: { ...context.runtime, now: () => week } };
      assert.equal(await readingOf(later), "in full");
      assert.equal(await readingOf(later), "written");
      assert.equal(await readingOf({ ...later, fullRefresh: true }), "in full");
      assert.equal(await readingOf(later), "written");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a row of long ago that changed in nothing that is counted or summed is found at once",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: 120 });
      await extract(context);
      await sql.query(`UPDATE orders SET payment_method = 'Cheque' WHERE order_date < '2024-02-01';
      UPDATE events SET browser = 'Lynx' WHERE event_timestamp < '2024-02-01';
      UPDATE inventory SET reorder_level = 9 WHERE date < '2024-02-01'`);
      await extract(context);
      for (const table of ["orders", "events", "inventory"]) await assertSameRows(context, sql, table);
      assert.equal((await extract(context)).status, "unchanged");
    }),
);

testWith(
  ["postgres", "postgres_programs", "mongodb"],
  "all rows are compared after the server was started again, as after a restore or a failover, and of a standby",
  () =>
    withServers(async ({ context }) => {
      await using cluster = await startPostgresCluster();
      const shop = { ...context, config: { ...context.config, postgresUrl: cluster.url } };
      await using sql = await connected(cluster.url);
      await createShopTables(sql.client, { months: 12, rows: 120 });
      await using standby = await cluster.startStandby();
      await extract(shop);
      assert.equal(await readingOf(shop), "written");
      // Long ago, and in nothing that is summed: only its transaction tells, or all rows.
      await sql.client.query("UPDATE orders SET payment_method = 'Cheque' WHERE order_date < '2024-02-01'");
      await cluster.stop();
      await cluster.start();
      assert.equal(await readingOf(shop), "in full");
      await using again = await connected(cluster.url);
      await assertSameRows(shop, again.client, "orders");
      assert.equal(await readingOf(shop), "written");
      const replica = { ...context, config: { ...context.config, postgresUrl: standby.url } };
      await extract(replica);
      assert.equal(await readingOf(replica), "in full");
    }),
);

testWith(
  ["postgres", "postgres_programs", "mongodb"],
  "rows are read by the transactions that wrote them also where the numbers of transactions begin again",
  () =>
    withServers(async ({ context }) => {
      await using cluster = await startPostgresCluster({ nextTransaction: 2 ** 32 - 300 });
      const shop = { ...context, config: { ...context.config, postgresUrl: cluster.url } };
      await using sql = await connected(cluster.url);
      await createShopTables(sql.client, { months: 1, rows: 10 });
      await extract(shop);
      const late = await connected(cluster.url);
      await late.client.query("BEGIN; UPDATE customers SET city = 'Ely' WHERE customer_id = 'C3'");
      assert.equal(await readingOf(shop), "written");
      for (let i = 0; i < 400; i++) await sql.client.query("SELECT txid_current()");
      await sql.client.query("UPDATE customers SET city = 'York' WHERE customer_id = 'C7'");
      await late.client.query("COMMIT");
      await late[Symbol.asyncDispose]();
      const { rows: [{ xmin }] } = await sql.client.query(
        "SELECT xmin::text FROM customers WHERE customer_id = 'C7'",
      );
      assert.ok(Number(xmin) < 1000, `a small number again, not ${xmin}`);
      assert.equal(await readingOf(shop), "written");
      await assertSameRows(shop, sql.client, "customers");
      assert.equal(await readingOf(shop), "written");
      assert.equal((await extract(shop)).status, "unchanged");
    }),
);
