/** What sources refuse, lack or have of a wrong kind. */
import assert from "node:assert/strict";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract, readRawQuarantine } from "shopflow/lake/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import { SOURCE_TABLES } from "shopflow/sources/mod.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { AWKWARD_TABLES, AWKWARD_TICKETS, lakeRow } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { TEST_MONGODB_URL, testWith } from "../../requirements.ts";

testWith(
  ["postgres", "mongodb"],
  "a row with a wrong value is left out and kept in quarantine, up to a limit, and comes back when it is corrected",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      await extract(context);
      const before = (await readRawExtract(context.store)).tables;
      await sql.query(`UPDATE products SET price = 'NaN' WHERE product_id = 'p2';
        INSERT INTO customers (customer_id) VALUES ('NEW')`);
      const { problems } = await extract(context);
      assert.deepEqual(problems, []);
      const { customers, products, ...others } = (await readRawExtract(context.store)).tables;
      assert.deepEqual({ ...others, customers: before.customers, products: before.products }, before);
      assert.equal(customers!.rows, before.customers!.rows + 1);
      assert.deepEqual([products!.rows, products!.quarantined], [1, 1]);
      const [quarantine, ...more] = await readRawQuarantine(context.store);
      assert.deepEqual([quarantine?.table, quarantine?.rows.length, more.length], ["products", 1, 0]);
      assert.deepEqual(quarantine?.rows[0]?.values, [
        { column: "price", expected: "a number below 10^8 with 2 decimals", found: "NaN" },
      ]);
      assert.equal(quarantine?.rows[0]?.key, "product_id p2");
      assert.equal(JSON.parse(quarantine!.rows[0]!.row).product_name, "Ünï");

      const strict = { ...context, config: { ...context.config, quarantineLimit: { rows: 0, share: 0 } } };
      await sql.query("UPDATE products SET price = 3 WHERE product_id = 'P1'");
      const [problem] = (await extract(strict)).problems!;
      assert.ok(problem instanceof SchemaContractError);
      assert.match(
        problem.message,
        /Too many rows of table products.*at most 0.*1 of 2 rows: product_id p2: price is "NaN"/,
      );

      await sql.query("UPDATE products SET price = 9.99 WHERE product_id = 'p2'");
      await extract(context);
      assert.deepEqual(
        await lakeRow(context, "products", "count(*) AS rows, CAST(sum(price) AS VARCHAR) AS price"),
        {
          rows: 2,
          price: "12.99",
        },
      );
      assert.deepEqual(await readRawQuarantine(context.store), []);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "servers that refuse or lack what is asked are explained",
  () =>
    withServers(async ({ context, sql }) => {
      const url = new URL(context.config.postgresUrl);
      const at = (changes: Partial<URL>) => Object.assign(new URL(url), changes).href;
      const shop = (postgresUrl: string) => ({ ...context, config: { ...context.config, postgresUrl } });
      await assert.rejects(
        extract(shop(at({ password: "hunter2" }))),
        (error) =>
          error instanceof SourceError && /refused the user or password/.test(error.message) &&
          !/hunter2/.test(error.message),
      );
      await assert.rejects(extract(shop(at({ pathname: "/nowhere" }))), /has no such database.*nowhere/);
      await assert.rejects(
        extract(context),
        (error) => {
          assert.ok(error instanceof SchemaContractError);
          return SOURCE_TABLES.every(({ name }) => error.found!.includes(`no table ${name}`));
        },
      );
      await loadSourceTables(context.config.postgresUrl, [], { progress: silentProgress });
      const tickets = (ticketsUrl: string) => ({ ...context, config: { ...context.config, ticketsUrl } });
      await assert.rejects(
        extract(tickets("mongodb://shop:hunter2@127.0.0.1:1/shop?serverSelectionTimeoutMS=200")),
        (error) =>
          error instanceof SourceError &&
          /shop:\*\*\*@127\.0\.0\.1:1\/shop.* cannot be reached/.test(error.message),
      );
      await assert.rejects(extract(tickets(TEST_MONGODB_URL.replace(/\/[^/]*$/, ""))), /names no database/);
      await sql.query("DROP TABLE events; CREATE VIEW events AS SELECT '[]'::json AS event_id");
      assert.match(
        (await extract(context)).problems![0]!.message,
        /events\.event_id character varying\(20\).*events\.event_id json/,
      );
    }),
);

testWith(
  ["postgres", "mongodb"],
  "tickets in MongoDB are not overwritten unasked, and checked when they are read",
  () =>
    withServers(async ({ context }) => {
      const { postgresUrl, ticketsUrl } = context.config;
      await loadSourceTables(postgresUrl, [], { progress: silentProgress });
      await loadTickets(ticketsUrl, AWKWARD_TICKETS, { progress: silentProgress });
      await assert.rejects(
        loadTickets(ticketsUrl, AWKWARD_TICKETS, { progress: silentProgress }),
        /support tickets already.*--replace/,
      );
      await loadTickets(ticketsUrl, [wholeTicket({ ticket_id: "T9", satisfaction_score: 4.5 })], {
        replace: true,
        progress: silentProgress,
      });
      assert.match(
        (await extract(context)).problems![0]!.message,
        /satisfaction_score of ticket T9 \(_id 0{23}1\).*expected a whole number of 32 bits, found number 4\.5/,
      );
      await loadTickets(ticketsUrl, [wholeTicket({ ticket_id: "T9", satisfaction_score: 4 })], {
        replace: true,
        progress: silentProgress,
      });
      await extract(context);
      assert.deepEqual(
        await lakeRow(context, "support_tickets", "count(*) AS rows, min(satisfaction_score) AS score"),
        {
          rows: 1,
          score: 4,
        },
      );
    }),
);
