import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadShop } from "shopflow/sources/mod.ts";
import { MongoClient } from "mongodb";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

const csv = (...rows: string[]) => new TextEncoder().encode(rows.map((row) => row + "\n").join(""));
const shop = (name: string, count: number) => ({
  tables: [
    {
      table: "orders",
      csv: [csv(...Array.from({ length: count }, (_, i) => `${name}${i},,P1,2024-01-02,10.50,2,0,`))],
    },
    { table: "products", csv: [csv("P1,Lamp,,,,,,")] },
  ],
  tickets: Array.from({ length: count }, (_, i) => ({ ticket_id: `${name}${i}` })),
});
const options = { replace: true, progress: silentProgress };

testWith(
  ["postgres", "mongodb"],
  "a shop is replaced whole or not at all, whatever fails at whatever moment",
  () =>
    withServers(async ({ context: { config }, sql }) => {
      const { postgresUrl, ticketsUrl, home } = config;
      const file = join(home, "tickets.jsonl");
      await using mongo = new MongoClient(ticketsUrl);
      const orders = async () =>
        (await sql.query("SELECT order_id FROM orders ORDER BY 1")).rows.map((row) => row.order_id);
      const collection = mongo.db().collection("support_tickets");
      const places = [
        {
          ticketsUrl,
          tickets: async () =>
            (await collection.find().sort({ _id: 1 }).toArray()).map((ticket) => ticket.ticket_id),
          remains: async () => (await mongo.db().listCollections().toArray()).map(({ name }) => name),
          clean: ["support_tickets"],
        },
        {
          ticketsUrl: `file:${file}`,
          tickets: async () =>
            (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line).ticket_id),
          remains: async () => (await Array.fromAsync(Deno.readDir(home))).map(({ name }) => name),
          clean: ["tickets.jsonl"],
        },
      ];
      await collection.createIndex({ created_date: 1 }, { name: "by_date" });

      for (const place of places) {
        const urls = { postgresUrl, ticketsUrl: place.ticketsUrl };
        const before = shop("A", 3);
        assert.deepEqual(await loadShop(urls, before, options), {
          customers: 0,
          products: 1,
          orders: 3,
          events: 0,
          inventory: 0,
          support_tickets: 3,
        });
        const isAsBefore = async (what: string) => {
          assert.deepEqual(await orders(), ["A0", "A1", "A2"], what);
          assert.deepEqual(await place.tickets(), ["A0", "A1", "A2"], what);
          assert.deepEqual(await place.remains(), place.clean, `${what}: nothing is left behind`);
        };
        await isAsBefore("loaded");

        const after = shop("B", 2);
        const broken = { ...after, tables: [after.tables[0]!, { table: "products", csv: [csv("too,few")] }] };
        await assert.rejects(loadShop(urls, broken, options), /missing data for column/);
        await isAsBefore("a row of the second table is refused");

        const accept = () => {
          throw new Error("not acceptable");
        };
        await assert.rejects(loadShop(urls, after, { ...options, accept }), /not acceptable/);
        await isAsBefore("the rows are not accepted");

        const cut = function* () {
          yield* Array.from({ length: 1500 }, (_, i) => ({ ticket_id: `B${i}` }));
          throw new Error("no more tickets");
        };
        await assert.rejects(loadShop(urls, { ...after, tickets: cut() }, options), /no more tickets/);
        await isAsBefore("the tickets end in an error");

        const shutDown = async function* () {
          yield { ticket_id: "B0" };
          await sql.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
          );
        };
        await assert.rejects(
          loadShop(urls, { ...after, tickets: shutDown() }, options),
          (error) => {
            assert.ok(error instanceof SourceError);
            assert.match(error.message, /the server said "terminating connection .*Run the command again/);
            return true;
          },
        );
        await isAsBefore("PostgreSQL ends the connection before the commit");

        await loadShop(urls, shop("B", 2), options);
        assert.deepEqual(await orders(), ["B0", "B1"]);
        assert.deepEqual(await place.tickets(), ["B0", "B1"]);
        assert.deepEqual(await place.remains(), place.clean);
      }
      assert.ok(
        (await collection.indexes()).some(({ name }) => name === "by_date"),
        "the shop's index is kept",
      );

      const away = { postgresUrl, ticketsUrl: "mongodb://127.0.0.1:9/shop?serverSelectionTimeoutMS=100" };
      await assert.rejects(loadShop(away, shop("C", 1), options), /MongoDB .* cannot be reached/);
      assert.deepEqual(await orders(), ["B0", "B1"], "a ticket system that is away changes no table");
    }),
);
