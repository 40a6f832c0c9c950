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
import { MongoClient } from "mongodb";
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
      for (const [name, { writeMark: _, ...table }] of Object.entries(others)) {
        const { writeMark: __, ...was } = before[name]!;
        assert.deepEqual(table, was, name);
      }
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
      const load = (scores: unknown[]) =>
        loadTickets(
          ticketsUrl,
          scores.map((satisfaction_score, i) => wholeTicket({ ticket_id: `T${i}`, satisfaction_score })),
          { replace: true, progress: silentProgress },
        );
      // One alone is no slip of a single ticket.
      await load([4.5]);
      assert.match(
        (await extract(context)).problems![0]!.message,
        /Too many rows of table support_tickets.*ticket_id T0 \(_id 0{23}1\): satisfaction_score is "number 4\.5", expected a whole number of 32 bits/,
      );
      await load([4.5, 4, { $numberLong: "5" }]);
      assert.deepEqual((await extract(context)).problems, []);
      const scores = () =>
        lakeRow(
          context,
          "support_tickets",
          "count(*) AS rows, CAST(sum(satisfaction_score) AS INTEGER) AS score",
        );
      assert.deepEqual(await scores(), { rows: 2, score: 9 });
      // Counted by the server, and left out here: nothing differs.
      assert.equal((await extract(context)).status, "unchanged");
      await using mongo = new MongoClient(ticketsUrl);
      await mongo.db().collection("support_tickets").updateOne({ ticket_id: "T0" }, {
        $set: { satisfaction_score: 1 },
      });
      await extract(context);
      assert.deepEqual(await scores(), { rows: 3, score: 10 });
      assert.deepEqual(await readRawQuarantine(context.store), []);
    }),
);
