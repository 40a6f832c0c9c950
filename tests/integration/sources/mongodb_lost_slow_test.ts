/** Connections to MongoDB that break while tickets are coming. */
import { currentRawVersion } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow } from "../../fixtures/awkward_shop.ts";
import { startFerretDb } from "../../fixtures/ferretdb_server.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { throughRelay } from "../../fixtures/lossy_sources.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { startRelay } from "../../fixtures/relay.ts";
import { connectTickets, isMongoLoss } from "../../../lib/sources/tickets/mongodb.ts";
import { readTickets } from "../../../lib/sources/tickets/documents.ts";
import { TEST_MONGODB_URL, testWith } from "../../requirements.ts";

const TICKETS = 9000;
/** In the middle of the tickets, each of which is about 250 bytes. */
const AFTER = 1 << 20;

async function loadManyTickets({ config, runtime }: PipelineContext): Promise<void> {
  const tickets = Array.from({ length: TICKETS }, (_, i) =>
    wholeTicket({
      ticket_id: `T${i}`,
      created_date: new Date(Date.UTC(2024, 0, 1, 0, i)),
      description: "It does not work. ".repeat(10),
    }));
  await loadTickets(config.ticketsUrl, tickets, runtime);
}

const COUNTED = "count(*)::int AS rows, count(DISTINCT ticket_id)::int AS tickets";
const WHOLE = { rows: TICKETS, tickets: TICKETS };

testWith(
  ["postgres", "mongodb"],
  "a connection that is cut in the middle of the tickets is made again, and every ticket comes once",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      await loadManyTickets(context);
      const source = throughRelay(context, "ticketsUrl", {
        after: AFTER,
        times: 1,
      });
      await extract(source.context);
      assert.equal(source.losses, 1);
      assert.match(source.lines.join("\n"), /support_tickets of MongoDB .*Trying again in .*\(attempt 2;/);
      assert.deepEqual(await lakeRow(context, "support_tickets", COUNTED), WHOLE);
      await source.relay.kill();
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that is cut each time fails the extract with the name of the tickets, and publishes nothing of it",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      await loadManyTickets(context);
      const source = throughRelay(context, "ticketsUrl", {
        after: AFTER,
        times: 100,
      });
      await assert.rejects(extract(source.context), (error) => {
        assert.ok(error instanceof SourceError, String(error));
        assert.match(error.message, /support_tickets of MongoDB .*cannot be reached or read/);
        return true;
      });
      assert.ok(source.losses >= 2, `${source.losses} losses`);
      assert.equal((await currentRawVersion(context.store))?.extract, undefined);
      assert.deepEqual(await context.store.list("raw/"), []);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(`${context.config.home}/tmp`)), []);
      await source.relay.kill();
    }, { reconnectSeconds: 2 }),
);

testWith(
  ["postgres", "mongodb", "ferretdb"],
  "a server that is killed in the middle of the tickets and started again gives all of them",
  () =>
    withServers(async ({ context: shop, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      await using server = await startFerretDb();
      const context = { ...shop, config: { ...shop.config, ticketsUrl: server.url } };
      await loadManyTickets(context);
      const source = throughRelay(context, "ticketsUrl", {
        after: AFTER,
        times: 1,
        async lose() {
          await server.kill();
          await server.start();
        },
      });
      await extract(source.context);
      assert.equal(source.losses, 1);
      assert.match(source.lines.join("\n"), /support_tickets of MongoDB .*Trying again in .*\(attempt 2;/);
      assert.deepEqual(await lakeRow(context, "support_tickets", COUNTED), WHOLE);
      await source.relay.kill();
    }),
);

testWith(
  ["postgres", "mongodb", "ferretdb"],
  "a server that is killed for good fails the extract, and the lake stays as it was",
  () =>
    withServers(async ({ context: shop, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      await using server = await startFerretDb();
      const ticketsUrl = `${server.url}?serverSelectionTimeoutMS=1000`;
      const context = { ...shop, config: { ...shop.config, ticketsUrl } };
      await loadManyTickets(context);
      await extract(context);
      const before = (await currentRawVersion(context.store))?.extract;
      await sql.query("INSERT INTO orders (order_id) VALUES ('NEW')");
      const source = throughRelay(context, "ticketsUrl", { after: AFTER, times: 1, lose: server.kill });
      await assert.rejects(extract(source.context), /support_tickets of MongoDB .*cannot be reached or read/);
      assert.equal(source.losses, 1);
      assert.deepEqual((await currentRawVersion(context.store))?.extract, before);
      await source.relay.kill();
    }, { reconnectSeconds: 2 }),
);

testWith(
  ["mongodb"],
  "a network that goes silent in the middle of the tickets ends in an error that may pass",
  async () => {
    const relay = startRelay(TEST_MONGODB_URL.replace("mongodb:", "http:"));
    const database = `shopflow_test_${crypto.randomUUID().replaceAll("-", "")}`;
    // By the driver's defaults, ten seconds between two questions and thirty for an answer.
    const url = `mongodb://${
      new URL(relay.url).host
    }/${database}?heartbeatFrequencyMS=500&connectTimeoutMS=1000`;
    await using direct = await connectTickets(TEST_MONGODB_URL.replace(/\/[^/]*$/, `/${database}`));
    try {
      const tickets = Array.from(
        { length: 5000 },
        (_, i) => ({ ticket_id: `T${i}`, description: "x".repeat(500) }),
      );
      await direct.collection.insertMany(tickets);
      let read = 0;
      await assert.rejects(async () => {
        for await (const _ of readTickets(url)) if (++read === 100) relay.mute();
      }, (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, /support_tickets of MongoDB .* cannot be reached or read/);
        assert.ok(isMongoLoss(error), "so that it is tried again");
        return true;
      });
      assert.ok(read >= 100 && read < 5000);
    } finally {
      await direct.db.dropDatabase();
      await relay.kill();
    }
  },
);
