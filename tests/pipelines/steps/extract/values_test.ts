import assert from "node:assert/strict";
import { currentSnapshotId, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { wholeTicket } from "../../../fixtures/whole_ticket.ts";

Deno.test("extract keeps every row as the source has it, null and empty text apart, in the order of the key", () =>
  withEmbeddedShop(async (context) => {
    const result = await extract(context);
    assert.equal(result.status, "done");
    const orders = await rawRows(context, "orders");
    assert.deepEqual(
      orders.map(({ order_id, customer_id, payment_method, order_amount, quantity }) => ({
        order_id,
        customer_id,
        payment_method,
        order_amount,
        quantity,
      })),
      [
        { order_id: "O1", customer_id: "", payment_method: 'a, "b"\nc', order_amount: 10.5, quantity: 2 },
        { order_id: "O1", customer_id: null, payment_method: null, order_amount: 10.5, quantity: 2 },
        { order_id: "O2", customer_id: "C1", payment_method: "PayPal", order_amount: -5.25, quantity: -1 },
      ],
    );
    assert.equal(orders[0]!._extracted_at, "2025-01-01 00:00:00");
    assert.equal(orders[0]!._run, (await readRawExtract(context.store)).run);

    const tickets = await rawRows(context, "support_tickets");
    assert.equal(tickets[0]!.created_date, "2024-01-05 10:00:00.123");
    assert.equal(tickets[0]!.resolution_hours, 3);
    assert.equal(tickets[0]!.priority, null);
    assert.equal(tickets[1]!.description, 'two\nlines, "quoted" \u2028');
    assert.equal(tickets[1]!.status, "");
    assert.deepEqual(await rawRows(context, "events"), []);
  }));

Deno.test("dates of tickets are read in every form that mongoexport and APIs write", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const forms = [
      `{"$date": "2024-03-01T01:02:03.004Z"}`,
      `{"$date": {"$numberLong": "1709254923004"}}`,
      `"2024-03-01T01:02:03.004Z"`,
      `"2024-03-01 01:02:03.004"`,
      `"2024-03-01T03:02:03.004+02:00"`,
    ];
    await Deno.writeTextFile(
      path,
      forms.map((form, i) =>
        JSON.stringify(
          wholeTicket({
            ticket_id: `T${i}`,
            created_date: JSON.parse(form),
            resolution_hours: { $numberInt: "7" },
          }),
        )
      )
        .join("\n"),
    );
    await extract(context);
    const tickets = await rawRows(context, "support_tickets");
    assert.deepEqual(
      tickets.map(({ created_date, resolution_hours }) => [created_date, resolution_hours]),
      forms.map(() => ["2024-03-01 01:02:03.004", 7]),
    );
  }));

Deno.test("a text of megabytes is read, however many quotes it has", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const ticket = (i: number, description: string) =>
      `${JSON.stringify(wholeTicket({ ticket_id: `T${i}`, description }))}\n`;
    await Deno.writeTextFile(
      path,
      ticket(1, "x".repeat(3_000_000)) + ticket(2, '"'.repeat(7_000_000)) + ticket(3, ""),
    );
    await changeShop("INSERT INTO events (event_id, page_url) VALUES ('E', repeat('y', 3000000))");
    const { problems } = await extract(context);
    assert.deepEqual(problems, []);
    const lengths = (await rawRows(context, "support_tickets")).map(({ description }) =>
      `${description}`.length
    );
    assert.deepEqual(lengths, [3_000_000, 7_000_000, 0]);
    assert.equal(`${(await rawRows(context, "events"))[0]!.page_url}`.length, 3_000_000);
  }));

Deno.test("a ticket of the year 20244 is extracted, and left out by the rule for implausible dates", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const time = `{"$date": {"$numberLong": "${Date.UTC(20244, 0, 5)}"}}`;
    await Deno.writeTextFile(path, `{"ticket_id":"T1","created_date":${time}}\n`);
    const { problems } = await extract(context);
    assert.deepEqual(problems, []);
    assert.equal((await rawRows(context, "support_tickets"))[0]!.created_date, "20244-01-05 00:00:00");
    assert.equal((await transform(context)).status, "done");
    const snapshot = await readManifest(context.store, (await currentSnapshotId(context.store))!);
    assert.equal(snapshot.tables.fact_support_tickets?.rows, 0);
  }));
