import assert from "node:assert/strict";
import { join } from "node:path";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { numberedTickets, startSupportApi } from "../../../fixtures/support_api.ts";
import { wholeTicket } from "../../../fixtures/whole_ticket.ts";

Deno.test("a tickets file with a broken line stops the tickets alone, and nothing of it is published", () =>
  withEmbeddedShop(async (context, home) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const good = await Deno.readTextFile(path);
    for (
      const [line, message] of [
        [`{"ticket_id": "T3", "created_date"`, /1 of 3 lines of the tickets file .* cannot be read, line 3:/],
        [`["T3"]`, /line 3: .*as mongoexport writes/],
      ] as const
    ) {
      await Deno.writeTextFile(path, good + line + "\n");
      const { problems } = await extract(context);
      assert.equal(problems!.length, 1);
      assert.match(problems![0]!.message, message);
    }
    const { tables } = await readRawExtract(context.store);
    assert.deepEqual(["orders", "support_tickets"].map((name) => name in tables), [true, false]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("tickets come from the Support API, and only what changed is written again", () =>
  withEmbeddedShop(async (context) => {
    await using api = startSupportApi(numberedTickets(30));
    const config = { ...context.config, ticketsUrl: api.url, supportApiKey: "secret" };
    const shop = { ...context, config };
    await extract(shop);
    assert.equal((await rawRows(shop, "support_tickets")).length, 30);
    api.tickets[3] = { ...api.tickets[3], status: "Closed" };
    api.tickets.splice(5, 1);
    api.tickets.push({ ...numberedTickets(31)[30], agent_id: "A7" });
    await extract(shop);
    const { tables } = await readRawExtract(context.store);
    assert.deepEqual(tables.support_tickets!.files.map(({ rows }) => rows), [30, 3]);
    const tickets = await rawRows(shop, "support_tickets");
    assert.deepEqual(
      tickets.map(({ ticket_id }) => ticket_id),
      api.tickets.map(({ ticket_id }) => ticket_id),
    );
    assert.equal(tickets[3]!.status, "Closed");
    assert.equal((await extract(shop)).status, "unchanged");
  }));

Deno.test("a tickets file is read when it changed, once a week, and when a ticket dated ahead is due", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const write = (statuses: string[]) =>
      Deno.writeTextFile(
        path,
        statuses.map((status, i) => {
          const created = i === 0 ? "2025-01-20T00:00:00Z" : "2024-12-20T00:00:00Z";
          const ticket = wholeTicket({ ticket_id: `T${i}`, created_date: { $date: created }, status });
          return `${JSON.stringify(ticket)}\n`;
        }).join(""),
      );
    const extractAt = async (now: string, fullRefresh = false) => {
      const lines: string[] = [];
      const runtime = {
        ...context.runtime,
        now: () => new Date(now),
        log: createLogger((line) => void lines.push(line)),
      };
      const { status } = await extract({ ...context, runtime, fullRefresh });
      return [lines.some((line) => line.includes("tickets file:")) ? "read" : "not read", status];
    };
    await write(["Open", "Open"]);
    assert.deepEqual(await extractAt("2025-01-14T10:00Z"), ["read", "done"]);
    assert.deepEqual(await extractAt("2025-01-15T10:00Z"), ["not read", "unchanged"]);
    await write(["Open", "Closed"]);
    assert.deepEqual(await extractAt("2025-01-16T10:00Z"), ["read", "done"]);
    assert.equal((await rawRows(context, "support_tickets"))[1]!.status, "Closed");
    assert.deepEqual(await extractAt("2025-01-17T10:00Z", true), ["read", "unchanged"]);
    assert.deepEqual(await extractAt("2025-01-19T10:00Z"), ["read", "done"]);
    assert.deepEqual(await extractAt("2025-01-20T10:00Z"), ["not read", "unchanged"]);
    assert.deepEqual(await extractAt("2025-01-26T11:00Z"), ["read", "unchanged"]);
  }));
