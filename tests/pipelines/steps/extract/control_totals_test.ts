/** What a run does when the control totals of the source are not those of the rows that it gives. */
import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { SOURCE_TABLES, TICKET_TABLE } from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { beginReading } from "../../../../pipelines/steps/extract/table_reading.ts";
import { extractTable } from "../../../../pipelines/steps/extract/extract_table.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { createChangingSource } from "../../../fixtures/changing_source.ts";
import { rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { numberedTickets, startSupportApi } from "../../../fixtures/support_api.ts";
import { wholeTicket } from "../../../fixtures/whole_ticket.ts";

const ORDERS = SOURCE_TABLES.find(({ name }) => name === "orders")!;

Deno.test("a row that the source counts and does not give fails the extract, with table and month", async () => {
  const home = await Deno.makeTempDir();
  using session = await openSession({ threads: 1 });
  try {
    const source = createChangingSource("postgres");
    source.rows = ["O1", "O2", "O3"].map((order_id) => ({
      order_id,
      order_date: "2024-03-01",
      order_amount: "1.10",
    }));
    const lossy = {
      ...source,
      copy: (...asked: Parameters<typeof source.copy>) => {
        const given = createChangingSource("postgres");
        given.rows = source.rows.slice(1);
        return given.copy(...asked);
      },
    };
    const store = createDirectoryStore(join(home, "lake"));
    const run = {
      run: "r",
      extractedAt: "2024-03-02T00:00:00.000Z",
      now: "2024-03-02T00:00:00.000Z",
      known: undefined,
      fullRefresh: false,
      mayShrink: false,
      quarantineLimit: { rows: 0, share: 0 },
      sourceTime: "2024-03-02 00:00:00",
      folder: home,
      log: createLogger(() => {}),
    };
    await using reading = await beginReading(session, store, lossy, ORDERS, run);
    await assert.rejects(extractTable(session, store, reading), (error) => {
      assert.ok(error instanceof SourceError, String(error));
      assert.match(error.message, /differ in table orders, months 2024-03/);
      assert.equal(error.expected, "in 2024-03 3 rows, amount 3.30, quantity 0, as the source counts");
      assert.equal(error.found, "2 rows, amount 2.20, quantity 0 among the rows that were read");
      return true;
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("a closed ticket that the Support API no longer has is found by its total", () =>
  withEmbeddedShop(async (context) => {
    await using api = startSupportApi(
      numberedTickets(90).map((ticket, i) => ({
        ...ticket,
        created_date: new Date(Date.UTC(2024, 0, 1 + i)).toISOString(),
        status: "Closed",
      })),
    );
    const shop = { ...context, config: { ...context.config, ticketsUrl: api.url, supportApiKey: "secret" } };
    await extract(shop);
    api.requests.length = 0;
    assert.equal((await extract(shop)).status, "unchanged");
    // A page of the last days, and the total.
    assert.deepEqual(api.requests.map(({ searchParams }) => searchParams.get("from_date")), [
      "2024-02-29",
      null,
    ]);
    assert.equal(api.requests[1]!.searchParams.get("limit"), "1");
    api.tickets.splice(2, 1);
    await extract(shop);
    const ids = (await rawRows(shop, TICKET_TABLE.name)).map(({ ticket_id }) => ticket_id);
    assert.deepEqual(ids, api.tickets.map(({ ticket_id }) => ticket_id));
    assert.equal((await extract(shop)).status, "unchanged");
  }));

Deno.test("a ticket that is gone from an export file is gone from the lake, however old it is", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const line = (i: number) => {
      const created = new Date(Date.UTC(2024, 0, 1 + 3 * i)).toISOString();
      const ticket = wholeTicket({ ticket_id: `T${i}`, created_date: { $date: created }, status: "Closed" });
      return `${JSON.stringify(ticket)}\n`;
    };
    const lines = Array.from({ length: 50 }, (_, i) => line(i));
    await Deno.writeTextFile(path, lines.join(""));
    await extract(context);
    await Deno.writeTextFile(path, lines.slice(1).join(""));
    await extract(context);
    const ids = (await rawRows(context, "support_tickets")).map(({ ticket_id }) => ticket_id);
    assert.equal(ids.length, 49);
    assert.ok(!ids.includes("T0"));
  }));
