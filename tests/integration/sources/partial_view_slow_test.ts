/** Users who are shown a part of the shop, and settings that roles bring with them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger, silentProgress } from "shopflow/runtime/mod.ts";
import { mayReconnect, SOURCE_TABLES, withPostgresSource } from "shopflow/sources/mod.ts";
import { loadSourceTables, openLoadTarget } from "../../../lib/sources/postgres/load.ts";
import { MongoClient } from "mongodb";
// @ts-types="@types/pg"
import pg from "pg";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow } from "../../fixtures/awkward_shop.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { until } from "../../fixtures/process_state.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { testWith } from "../../requirements.ts";

/** A shop with 150 customers, and a role that may read it. */
async function withReader(
  body: (shop: { context: PipelineContext; sql: pg.Client; role: string; lines: string[] }) => Promise<void>,
): Promise<void> {
  await withServers(async ({ context, sql }) => {
    const role = `reader_${crypto.randomUUID().replaceAll("-", "")}`;
    await createShopTables(sql, { months: 1, rows: 10 });
    await sql.query(
      `INSERT INTO customers (customer_id, country) SELECT 'N' || i, 'UK' FROM generate_series(1, 141) AS i;
      UPDATE customers SET country = 'DE' WHERE customer_id LIKE 'N%5';
      CREATE ROLE ${role} LOGIN PASSWORD 'reader';
      GRANT SELECT ON customers, products, orders, events, inventory TO ${role}`,
    );
    const postgresUrl = Object.assign(new URL(context.config.postgresUrl), {
      username: role,
      password: "reader",
    }).href;
    const lines: string[] = [];
    const runtime = { ...context.runtime, log: createLogger((line) => void lines.push(line)) };
    try {
      await body({
        context: { ...context, config: { ...context.config, postgresUrl }, runtime },
        sql,
        role,
        lines,
      });
    } finally {
      await sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
}

testWith(
  ["postgres", "mongodb"],
  "rows that a policy hides are an error with the table's name, not deleted",
  () =>
    withReader(async ({ context, sql, role }) => {
      await extract(context);
      const before = await readRawExtract(context.store);
      assert.equal(before.tables.customers!.rows, 150);
      const refused = (error: unknown) => {
        assert.ok(error instanceof SourceError);
        assert.match(
          error.message,
          /Table customers was not copied: .* hides rows of a table from the user by row-level security: found the server said "query would be affected by row-level security policy for table "(all_)?customers"" \(42501\)/,
        );
        assert.match(
          error.message,
          /ALTER ROLE … BYPASSRLS.*view of the table that belongs to the table's owner/,
        );
        return true;
      };
      await sql.query(`ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own_country ON customers USING (country = 'UK')`);
      await assert.rejects(extract(context), refused);
      // The same behind a view that asks with the rights of its user.
      await sql.query(`ALTER TABLE customers RENAME TO all_customers;
      CREATE VIEW customers WITH (security_invoker = true) AS SELECT * FROM all_customers;
      GRANT SELECT ON customers TO ${role}`);
      await assert.rejects(extract(context), refused);
      assert.deepEqual(await readRawExtract(context.store), before);
      // Both ways of the message let the user see everything.
      await sql.query(`ALTER VIEW customers SET (security_invoker = false)`);
      await extract(context);
      await sql.query(`DROP VIEW customers; ALTER TABLE all_customers RENAME TO customers;
      ALTER ROLE ${role} BYPASSRLS`);
      await extract(context);
      assert.equal((await readRawExtract(context.store)).tables.customers!.rows, 150);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a table whose rows a policy hides is not taken for empty, and dropped, by a load",
  () =>
    withReader(async ({ context, sql, role }) => {
      await sql.query(
        `ALTER TABLE customers ENABLE ROW LEVEL SECURITY; ALTER TABLE customers FORCE ROW LEVEL SECURITY;
      CREATE POLICY nobody ON customers USING (false); GRANT CREATE ON SCHEMA public TO ${role};
      TRUNCATE orders, events, inventory; ${
          SOURCE_TABLES.map(({ name }) =>
            `COMMENT ON TABLE ${name} IS 'Loaded by ShopFlow: before'; ALTER TABLE ${name} OWNER TO ${role}`
          ).join("; ")
        }`,
      );
      await assert.rejects(
        loadSourceTables(context.config.postgresUrl, [], { progress: silentProgress }),
        /hides rows of a table from the user by row-level security/,
      );
      await sql.query(
        "ALTER TABLE customers OWNER TO CURRENT_USER; ALTER TABLE customers DISABLE ROW LEVEL SECURITY",
      );
      assert.equal((await sql.query("SELECT count(*)::int AS rows FROM customers")).rows[0].rows, 150);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a table of which a large part is gone stops alone, until a person says that it was deleted; a smaller part is told",
  () =>
    withReader(async ({ context, sql, role, lines }) => {
      await extract(context);
      await sql.query("DELETE FROM customers WHERE country = 'DE'");
      assert.deepEqual((await extract(context)).problems, []);
      assert.match(
        lines.join("\n"),
        /customers: 14 of 150 rows are gone from the source, and count as deleted/,
      );
      // A view that shows a part, in place of the table, and then a part of the table.
      await sql.query(`ALTER TABLE customers RENAME TO all_customers;
        CREATE VIEW customers AS SELECT * FROM all_customers WHERE customer_id NOT LIKE 'N1%';
        GRANT SELECT ON customers TO ${role}`);
      assert.match((await extract(context)).problems!.join(), /48 of 136 rows/);
      await sql.query(`DROP VIEW customers; ALTER TABLE all_customers RENAME TO customers;
        DELETE FROM customers WHERE customer_id LIKE 'N1%'; INSERT INTO products (product_id) VALUES ('NEW')`);
      const { problems } = await extract(context);
      assert.match(
        problems![0]!.message,
        /A large part of table customers is gone from the source: expected at least 80 % .*found that 48 of 136 rows are gone.*--full-refresh/,
      );
      assert.equal(problems!.length, 1);
      const { tables } = await readRawExtract(context.store);
      assert.deepEqual([tables.customers!.rows, tables.products!.rows], [136, 1]);
      assert.deepEqual((await extract({ ...context, fullRefresh: true })).problems, []);
      assert.equal((await readRawExtract(context.store)).tables.customers!.rows, 88);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "settings of a role are set aside, and tables of the same name elsewhere are told",
  () =>
    withReader(async ({ context, sql, role, lines }) => {
      const settings = {
        statement_timeout: "200ms",
        idle_in_transaction_session_timeout: "200ms",
        row_security: "on",
        DateStyle: "German",
        IntervalStyle: "iso_8601",
        default_transaction_isolation: "serializable",
        default_transaction_read_only: "on",
        standard_conforming_strings: "off",
        extra_float_digits: "-10",
      };
      for (const [name, value] of Object.entries(settings)) {
        await sql.query(`ALTER ROLE ${role} SET ${name} = '${value}'`);
      }
      await sql.query(`ALTER TABLE customers RENAME TO all_customers;
      CREATE SCHEMA archive; CREATE TABLE archive.orders AS TABLE orders; GRANT USAGE ON SCHEMA archive TO ${role};
      GRANT SELECT ON archive.orders TO ${role};
      CREATE VIEW customers AS SELECT current_setting('statement_timeout')::varchar(20) AS customer_id,
        current_setting('idle_in_transaction_session_timeout')::varchar(255) AS email,
        current_setting('row_security')::varchar(100) AS first_name,
        (current_setting('IntervalStyle') || pg_sleep(0.3)::text)::varchar(100) AS last_name,
        current_setting('transaction_isolation')::varchar(100) AS city, current_setting('lock_timeout')::varchar(50) AS country,
        signup_date, customer_segment, total_orders, total_spent FROM all_customers LIMIT 1;
      GRANT SELECT ON customers TO ${role}`);
      assert.deepEqual((await extract(context)).problems, []);
      assert.deepEqual(
        await lakeRow(context, "customers", "customer_id, email, first_name, last_name, city, country"),
        {
          customer_id: "0",
          email: "0",
          first_name: "off",
          last_name: "postgres",
          city: "repeatable read",
          country: "10min",
        },
      );
      assert.equal((await readRawExtract(context.store)).tables.orders!.rows, 10);
      assert.match(
        lines.join("\n"),
        /warning: Table orders is read from schema public, .*not read: schema archive\./,
      );
      await using target = await openLoadTarget(context.config.postgresUrl);
      assert.deepEqual(await target.query("SHOW statement_timeout"), [{ statement_timeout: "0" }]);
      // Nothing of it stays with the role.
      const client = new pg.Client({ connectionString: context.config.postgresUrl });
      await client.connect();
      assert.equal((await client.query("SHOW statement_timeout")).rows[0].statement_timeout, "200ms");
      await client.end();
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that ends between two statements is lost by the server's own words",
  () =>
    withReader(async ({ context, sql }) => {
      const folder = await Deno.makeTempDir();
      const reading = withPostgresSource(
        context.config.postgresUrl,
        { log: context.runtime.log, progress: silentProgress },
        async (source) => {
          await sql.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'shopflow' AND datname = current_database()`,
          );
          await until(async () =>
            (await sql.query(
              `SELECT 1 FROM pg_stat_activity WHERE application_name = 'shopflow' AND datname = current_database()`,
            )).rows.length === 0
          );
          await source.copy(SOURCE_TABLES[0]!, join(folder, "copy.csv"), {});
        },
      );
      await assert.rejects(reading, (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(
          error.message,
          /Table customers was not copied: .*the server said "terminating connection due to administrator command" \(57P01\)/,
        );
        assert.doesNotMatch(error.message, /not queryable/);
        assert.ok(mayReconnect(error, false));
        return true;
      });
      await Deno.remove(folder, { recursive: true });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "tickets of a misspelt database or under other names stop at the first extract, with what is there; an empty collection does not",
  () =>
    withReader(async ({ context, sql }) => {
      const { ticketsUrl } = context.config;
      const { problems } = await extract(context);
      assert.deepEqual(problems, []);
      const name = new URL(ticketsUrl).pathname.slice(1);
      const misspelt = `${name.slice(0, -2)}${name.at(-1)}${name.at(-2)}x`;
      const at = (url: string) => ({ ...context, config: { ...context.config, ticketsUrl: url } });
      await using client = new MongoClient(ticketsUrl);
      const collection = client.db().collection("support_tickets");
      await collection.insertMany(Array.from({ length: 78 }, (_, i) => {
        const { ticket_id: _id, created_date: createdAt, ...rest } = wholeTicket({
          created_date: new Date(i),
        });
        return { ...rest, ticketId: `T${i}`, createdAt };
      }));
      await client.db().collection("supportTickets").insertOne({});
      const wrong = (await extract(at(ticketsUrl.replace(name, misspelt)))).problems!;
      assert.equal(wrong.length, 1);
      assert.match(
        wrong[0]!.message,
        new RegExp(
          `The database ${misspelt} of MongoDB .* has no collection support_tickets: ` +
            `expected a collection support_tickets.*other databases: .*${name}.*Is ${name} meant\\?`,
        ),
      );
      await sql.query("INSERT INTO products (product_id) VALUES ('NEW')");
      const unusable = (await extract(context)).problems!;
      assert.equal(unusable.length, 1);
      assert.match(
        unusable[0]!.message,
        /expected field support_tickets\.ticket_id, field support_tickets\.created_date, found no value in any of the 78 tickets that were read; their fields are .*createdAt, .*ticketId \(ticketId may be ticket_id, createdAt may be created_date\)/,
      );
      const { tables } = await readRawExtract(context.store);
      assert.deepEqual([tables.products!.rows, tables.support_tickets!.rows], [1, 0]);
    }),
);
