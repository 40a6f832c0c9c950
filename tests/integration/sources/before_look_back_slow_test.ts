/** Rows that change before their table's look-back: found at once where a month's rows or sums or the database tell, else by a full refresh. */
import assert from "node:assert/strict";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import { MongoClient } from "mongodb";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow, sourceRow } from "../../fixtures/awkward_shop.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { testWith } from "../../requirements.ts";

/** Shows the tables through views, of which nobody can tell which rows were written since. */
const AS_VIEWS = ["orders", "events", "inventory"]
  .map((name) => `ALTER TABLE ${name} RENAME TO all_${name}; CREATE VIEW ${name} AS TABLE all_${name};`).join(
    "",
  );

/** Extracts and gives what was logged of rows before the look-back. */
async function extractAndListen(context: PipelineContext): Promise<string[]> {
  const lines: string[] = [];
  const log = createLogger((line) => void lines.push(line));
  await extract({ ...context, runtime: { ...context.runtime, log } });
  return lines.filter((line) => line.includes("before the look-back"));
}

testWith(
  ["postgres", "mongodb"],
  "rows that came, went or have another amount long before the look-back are found at once, by their months",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: 1200 });
      await sql.query(AS_VIEWS);
      await extract(context);
      assert.deepEqual(await extractAndListen(context), []);
      await sql.query(
        `INSERT INTO orders (order_id, order_date, order_amount) VALUES ('LATE', '2024-02-03', 7.25);
        DELETE FROM orders WHERE order_date BETWEEN '2024-04-01' AND '2024-04-10';
        UPDATE orders SET order_amount = order_amount + 0.01 WHERE order_id = 'O0000060';
        DELETE FROM events WHERE event_timestamp < '2024-01-10';
        UPDATE inventory SET stock_level = stock_level + 1 WHERE date = '2024-03-05'`,
      );
      const told = await extractAndListen(context);
      assert.deepEqual(told.map((line) => /Rows of (\w+) .*\((.*)\)/.exec(line)!.slice(1)), [
        ["orders", "2024-01, 2024-02, 2024-04"],
        ["events", "2024-01"],
        ["inventory", "2024-03"],
      ]);
      for (
        const [table, sums] of [
          ["orders", "sum(order_amount)::text AS amount, sum(quantity)::int AS quantity"],
          ["events", "count(DISTINCT event_id)::int AS ids"],
          ["inventory", "sum(stock_level)::int AS pieces"],
        ] as const
      ) {
        const question = `count(*)::int AS rows, ${sums}`;
        assert.deepEqual(
          await lakeRow(context, table, question),
          await sourceRow(sql, table, question),
          table,
        );
      }
      assert.deepEqual(await extractAndListen(context), []);
      assert.equal((await extract(context)).status, "unchanged");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a row of a view that changed in nothing that is counted or summed is found when all rows are compared",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: 120 });
      await sql.query(AS_VIEWS);
      await extract(context);
      await sql.query("UPDATE orders SET payment_method = 'Cheque' WHERE order_date < '2024-02-01'");
      const cheques = "count(*) FILTER (payment_method = 'Cheque') > 0 AS found";
      await extract(context);
      assert.deepEqual(await lakeRow(context, "orders", cheques), { found: false });
      const week = new Date(Date.now() + 8 * 24 * 60 * 60 * 1000);
      await extract({ ...context, runtime: { ...context.runtime, now: () => week } });
      assert.deepEqual(await lakeRow(context, "orders", cheques), { found: true });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "the control totals of a source are kept with the extract, equal to what the lake has",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 2, rows: 100 });
      await sql.query("INSERT INTO orders (order_id, order_amount, quantity) VALUES ('U', -3.10, -2)");
      await extract(context);
      const { tables } = await readRawExtract(context.store);
      const { rows } = await sql.query(`SELECT coalesce(to_char(order_date, 'YYYY-MM'), 'undated') AS month,
        count(*)::int AS rows, sum(order_amount)::text AS amount, sum(quantity)::text AS quantity
        FROM orders GROUP BY 1 ORDER BY 1`);
      assert.deepEqual(
        tables.orders!.controlTotals,
        Object.fromEntries(rows.map(({ month, ...totals }) => [month, totals])),
      );
      assert.deepEqual(tables.orders!.controlTotals!.undated, { rows: 1, amount: "-3.10", quantity: "-2" });
      assert.deepEqual(tables.customers!.controlTotals, {
        undated: { rows: tables.customers!.rows, amount: "0.00", quantity: "0" },
      });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "closed tickets that are deleted or added long after are found at once in MongoDB",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      // One of them has its date as text, as imports leave it.
      const tickets = sixtyTickets((i) => i === 7 ? { created_date: "2024-01-08T00:00:00Z" } : {});
      await loadTickets(context.config.ticketsUrl, tickets, context.runtime);
      await extract(context);
      assert.deepEqual(await extractAndListen(context), []);
      await using client = new MongoClient(context.config.ticketsUrl);
      const collection = client.db().collection("support_tickets");
      await collection.deleteOne({ ticket_id: "T2" });
      await collection.insertOne({
        ticket_id: "LATE",
        created_date: new Date("2024-02-02"),
        status: "Closed",
      });
      assert.deepEqual(await extractAndListen(context), []);
      const ids = "count(*) AS rows, bool_or(ticket_id = 'T2') AS gone, bool_or(ticket_id = 'LATE') AS late";
      assert.deepEqual(await lakeRow(context, "support_tickets", ids), { rows: 60, gone: false, late: true });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "an open ticket of long ago that is closed is found at once in MongoDB",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 1, rows: 10 });
      const tickets = sixtyTickets((i) => ({ status: i === 2 || i === 3 ? "Open" : "Closed" }));
      await loadTickets(context.config.ticketsUrl, tickets, context.runtime);
      await extract(context);
      await using client = new MongoClient(context.config.ticketsUrl);
      await client.db().collection("support_tickets")
        .updateOne({ ticket_id: "T2" }, { $set: { status: "Closed", resolution_hours: 5 } });
      assert.deepEqual(await extractAndListen(context), []);
      const states = "count(*) AS rows, max(status) FILTER (ticket_id = 'T2') AS closed, " +
        "max(resolution_hours) FILTER (ticket_id = 'T2')::INTEGER AS hours, count(*) FILTER (status = 'Open') AS open";
      assert.deepEqual(await lakeRow(context, "support_tickets", states), {
        rows: 60,
        closed: "Closed",
        hours: 5,
        open: 1,
      });
    }),
);

/** Closed tickets T0 to T59, one every third day of 2024. */
const sixtyTickets = (change: (i: number) => Record<string, unknown>) =>
  Array.from(
    { length: 60 },
    (_, i) =>
      wholeTicket({
        ticket_id: `T${i}`,
        created_date: new Date(Date.UTC(2024, 0, 1 + 3 * i)),
        status: "Closed",
        ...change(i),
      }),
  );
