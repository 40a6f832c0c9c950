import assert from "node:assert/strict";
import { join } from "node:path";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { numberedTickets, startSupportApi } from "../../../fixtures/support_api.ts";

Deno.test("a tickets file with a broken line stops the tickets alone, and nothing of it is published", () =>
  withEmbeddedShop(async (context, home) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const good = await Deno.readTextFile(path);
    for (
      const [line, message] of [
        [`{"ticket_id": "T3", "created_date"`, /1 of 3 lines of the tickets file .* cannot be read, line 3:/],
        [`["T3"]`, /line 3: .*without --jsonArray/],
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
