/** Fields of tickets that get another name, go or come, wherever tickets are read from. */
import assert from "node:assert/strict";
import { createLogger, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import { MongoClient } from "mongodb";
import { join } from "node:path";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { AWKWARD_TABLES, lakeRow } from "../../fixtures/awkward_shop.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { startSupportApi } from "../../fixtures/support_api.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { testWith } from "../../requirements.ts";

const ticket = (i: number) =>
  wholeTicket({ ticket_id: `T${i}`, created_date: new Date(Date.UTC(2024, 0, 1, 0, i)) });
const tickets = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ticket(from + i));

const renamed = ({ status, ...rest }: Record<string, unknown>) => ({ ...rest, state: status });

/** What an extract says, and what the lake has afterwards. */
async function extracted(context: PipelineContext) {
  const lines: string[] = [];
  const log = createLogger((line) => void lines.push(line));
  const { problems } = await extract({ ...context, runtime: { ...context.runtime, log } });
  return {
    problems: problems!.map(({ message }) => message),
    unread: lines.flatMap((line) => /does not read: (.*support_tickets.*)/.exec(line)?.[1] ?? []),
    lake: await lakeRow(context, "support_tickets", "count(status) AS statuses, count(*) AS rows"),
  };
}

/** A lake with `n` tickets of the collection. */
async function withTickets(
  n: number,
  body: (
    servers: Servers & { collection: ReturnType<ReturnType<MongoClient["db"]>["collection"]> },
  ) => Promise<void>,
): Promise<void> {
  await withServers(async (servers) => {
    const { postgresUrl, ticketsUrl } = servers.context.config;
    await loadSourceTables(postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
    await loadTickets(ticketsUrl, tickets(0, n), { progress: silentProgress });
    assert.deepEqual((await extract(servers.context)).problems, []);
    const client = new MongoClient(ticketsUrl);
    try {
      await body({ ...servers, collection: client.db().collection("support_tickets") });
    } finally {
      await client.close();
    }
  });
}

testWith(
  ["postgres", "mongodb"],
  "a field that is renamed in MongoDB stops the tickets, which keep their last state; the other tables go on",
  () =>
    withTickets(6, async ({ context, collection, sql }) => {
      await collection.updateMany({}, { $rename: { status: "state" } });
      await sql.query("UPDATE customers SET city = 'Elsewhere'");
      const { problems, unread, lake } = await extracted(context);
      assert.equal(problems.length, 1);
      assert.match(
        problems[0]!,
        /support_tickets does not match its contract: expected field support_tickets\.status, .*state may be status/,
      );
      assert.deepEqual(unread, []);
      assert.deepEqual(lake, { statuses: 6, rows: 6 });
      const cities = await lakeRow(context, "customers", "count(DISTINCT city) AS cities, min(city) AS city");
      assert.deepEqual(cities, { cities: 1, city: "Elsewhere" });
      await collection.updateMany({}, { $rename: { state: "status" } });
      assert.deepEqual((await extracted(context)).problems, []);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a field that only new tickets of MongoDB have under another name stops them when there are five",
  () =>
    withTickets(20, async ({ context, collection }) => {
      await collection.insertMany(tickets(20, 24).map(renamed));
      const before = await extracted(context);
      assert.deepEqual(before, {
        problems: [],
        unread: ["support_tickets.state"],
        lake: { statuses: 20, rows: 24 },
      });
      await collection.insertOne(renamed(ticket(24)));
      const after = await extracted(context);
      assert.match(after.problems[0]!, /support_tickets\.status.*"state"/);
      assert.deepEqual(after.lake, before.lake);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a required field that no ticket of MongoDB has any more stops them; one that a single ticket lacks does not",
  () =>
    withTickets(6, async ({ context, collection }) => {
      await collection.updateOne({ ticket_id: "T3" }, { $unset: { status: "" } });
      assert.deepEqual((await extracted(context)).lake, { statuses: 5, rows: 6 });
      await collection.updateMany({}, { $unset: { status: "" } });
      const { problems, lake } = await extracted(context);
      assert.match(
        problems[0]!,
        /expected field support_tickets\.status, found no value in any of the 6 tickets/,
      );
      assert.deepEqual(lake, { statuses: 5, rows: 6 });
    }),
);

testWith(
  ["postgres"],
  "a renamed field stops tickets of a mongoexport file and of the Support API, too",
  () =>
    withServers(async ({ context }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      const path = join(context.config.home, "tickets.jsonl");
      const write = (documents: Record<string, unknown>[]) =>
        Deno.writeTextFile(path, documents.map((document) => JSON.stringify(document) + "\n").join(""));
      await using api = startSupportApi([]);
      const dated = tickets(0, 6).map((document) => ({
        ...document,
        created_date: (document.created_date as Date).toISOString(),
      }));
      for (const ticketsUrl of [`file:${path}`, api.url]) {
        const config = { ...context.config, ticketsUrl, supportApiKey: "secret" };
        const there = { ...context, config };
        const put = async (documents: Record<string, unknown>[]) => {
          await write(documents);
          api.tickets = documents;
        };
        await put(dated.map((document) => ({ ...document, channel: "mail" })));
        assert.deepEqual(await extracted(there), {
          problems: [],
          unread: ["support_tickets.channel"],
          lake: { statuses: 6, rows: 6 },
        });
        await put(dated.map(renamed));
        const { problems, lake } = await extracted(there);
        assert.match(problems[0]!, /expected field support_tickets\.status, found no value/, ticketsUrl);
        assert.deepEqual(lake, { statuses: 6, rows: 6 });
      }
    }),
);
