/** After each extract from real servers the lake is the source, whatever the shop did since the one before. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MongoClient } from "mongodb";
// @ts-types="@types/pg"
import pg from "pg";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { currentRawRows } from "../../fixtures/current_raw_rows.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { startGroupingMongoDb } from "../../fixtures/grouping_mongodb.ts";
import { assertSameRows } from "../../fixtures/same_rows.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { wholeTicket } from "../../fixtures/whole_ticket.ts";
import { testWith } from "../../requirements.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Statements of a shop; `$` is the number of the step. */
const STATEMENTS = [
  "INSERT INTO customers (customer_id, city) VALUES ('C' || $ % 7, 'Leeds')",
  "INSERT INTO customers SELECT * FROM customers LIMIT 1",
  "UPDATE customers SET city = 'York' || $ WHERE customer_id = 'C' || $ % 9",
  "UPDATE customers SET city = city",
  "UPDATE customers SET customer_id = 'X' || $ WHERE customer_id = 'C' || $ % 5",
  "DELETE FROM customers WHERE customer_id = 'C' || $ % 9",
  "INSERT INTO products (product_id, price) VALUES ('P' || $ % 7, $)",
  "DELETE FROM products WHERE product_id = 'P' || $ % 7",
  "CREATE TEMP TABLE kept AS TABLE products; TRUNCATE products; INSERT INTO products TABLE kept; DROP TABLE kept",
  "INSERT INTO orders (order_id, product_id, order_date, order_amount, quantity) VALUES ('N' || $ % 5, 'P1', '2024-03-30', $, 1)",
  "INSERT INTO orders (order_id, product_id, order_date, order_amount, quantity) VALUES ('O0000003', 'P9', '2023-01-01', 1, 1)",
  "INSERT INTO orders (order_id, order_date) VALUES (NULL, date '2024-01-01' + $ % 9)",
  "UPDATE orders SET payment_method = 'Cheque' || $ WHERE order_id = 'O000000' || $ % 9",
  "UPDATE orders SET order_date = order_date - 40 WHERE order_id = 'O000001' || $ % 9",
  "DELETE FROM orders WHERE order_id = 'O000000' || $ % 9",
  "DELETE FROM orders WHERE order_id = 'O0000011'; INSERT INTO orders (order_id, order_date) VALUES ('S' || $, '2024-02-01')",
  "UPDATE events SET browser = 'Lynx' || $ WHERE event_id = 'E0000000' || $ % 9",
  "DELETE FROM events WHERE event_id = 'E0000001' || $ % 9",
  "INSERT INTO events (event_id, event_timestamp) VALUES ('N' || $, '2024-01-05 10:00')",
  "INSERT INTO inventory (product_id, warehouse_id, date, stock_level) VALUES ('P' || $ % 3, 'W', '2024-04-01', $)",
  "UPDATE inventory SET stock_level = $, last_updated = '2024-04-02' WHERE warehouse_id = 'WH-' || $ % 20",
  "UPDATE inventory SET reorder_level = $ WHERE warehouse_id = 'WH-' || $ % 20",
  "UPDATE inventory SET last_updated = NULL WHERE warehouse_id = 'WH-' || $ % 20",
  "DELETE FROM inventory WHERE warehouse_id = 'WH-' || $ % 20",
  "VACUUM (FREEZE) customers",
  "VACUUM FULL orders",
  "ALTER TABLE customers DROP COLUMN last_name, ADD COLUMN last_name varchar(100) DEFAULT 'D'",
];

type Step =
  | { kind: "statement"; index: number }
  /** In a transaction that ends after the next extract. */
  | { kind: "late"; index: number }
  | { kind: "ticket"; id: number; daysAgo: number; status: string; change: "put" | "delete" | "status" }
  | { kind: "wait"; days: number }
  | { kind: "extract" };

/** What can run inside a transaction, and holds no lock that an extract waits for. */
const LATE = STATEMENTS.flatMap((text, index) => /VACUUM|TRUNCATE|ALTER/.test(text) ? [] : [index]);

const kind = <K extends string>(name: K) => fc.constant(name);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: kind("statement"), index: fc.nat({ max: STATEMENTS.length - 1 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind("late"), index: fc.constantFrom(...LATE) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: kind("ticket"),
        id: fc.nat({ max: 6 }),
        daysAgo: fc.constantFrom(0, 3, 29, 31, 60, 90),
        status: fc.constantFrom("Open", "Resolved", "Closed"),
        change: fc.constantFrom("put" as const, "delete" as const, "status" as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind("wait"), days: fc.constantFrom(1, 3, 8) }) },
    { weight: 3, arbitrary: fc.record({ kind: kind("extract") }) },
  ),
  { minLength: 8, maxLength: 24 },
);

async function play(
  { context, sql }: Servers,
  history: Step[],
  ticketsUrl = context.config.ticketsUrl,
): Promise<void> {
  const shop = { ...context, config: { ...context.config, ticketsUrl } };
  await createShopTables(sql, { months: 3, rows: 40 });
  await using client = new MongoClient(context.config.ticketsUrl);
  const tickets = client.db().collection("support_tickets");
  let now = Date.UTC(2024, 2, 31);
  let late: pg.Client | undefined;
  const assertSame = async () => {
    await extract({ ...shop, runtime: { ...shop.runtime, now: () => new Date(now++) } });
    for (const table of ["customers", "products", "orders", "events", "inventory"]) {
      await assertSameRows(context, sql, table);
    }
    const text = (ticket: Record<string, unknown>) =>
      `${ticket.ticket_id} ${ticket.status} ${ticket.agent_id}`;
    assert.deepEqual(
      (await currentRawRows(context.store, "support_tickets")).map(text).sort(),
      (await tickets.find({}).toArray()).map(text).sort(),
    );
  };
  try {
    for (const [number, step] of history.entries()) {
      const statement = (index: number) => STATEMENTS[index]!.replaceAll("$", String(number));
      if (step.kind === "wait") now += step.days * DAY;
      // Alone, since some of them run in no transaction; one that meets the late transaction's row gives up.
      if (step.kind === "statement") {
        await sql.query("SET lock_timeout = 50");
        for (const part of statement(step.index).split(";")) {
          await sql.query(part).catch((error) => assert.equal(error.code, "55P03", error.message));
        }
      }
      if (step.kind === "late" && late === undefined) {
        late = new pg.Client({ connectionString: context.config.postgresUrl });
        await late.connect();
        await late.query(`SET lock_timeout = 50; BEGIN; ${statement(step.index)}`);
      }
      if (step.kind === "ticket") {
        const ticket_id = `T${step.id}`;
        const created_date = new Date(now - step.daysAgo * DAY);
        if (step.change === "put") {
          await tickets.insertOne(wholeTicket({ ticket_id, created_date, status: step.status }));
        } else if (step.change === "delete") await tickets.deleteOne({ ticket_id });
        else {await tickets.updateOne({ ticket_id }, {
            $set: { status: step.status, agent_id: `A${number}` },
          });}
      }
      if (step.kind === "extract") {
        await assertSame();
        await late?.query("COMMIT");
        await late?.end();
        late = undefined;
      }
    }
    await late?.query("COMMIT");
    await assertSame();
    const again = await extract({ ...shop, runtime: { ...shop.runtime, now: () => new Date(now++) } });
    assert.equal(again.status, "unchanged");
  } finally {
    await late?.end();
  }
}

testWith(
  ["postgres", "mongodb"],
  "whatever a shop does between two extracts from its servers, the lake is the source",
  () =>
    fc.assert(
      fc.asyncProperty(steps, (history) => withServers((servers) => play(servers, history))),
      { numRuns: Number(Deno.env.get("SHOPFLOW_TEST_RUNS") ?? 8), seed: 11, endOnFailure: true },
    ),
);

testWith(
  ["postgres", "mongodb"],
  "the lake is the source too where the server of the tickets counts them, so that a part of them is read",
  () =>
    fc.assert(
      fc.asyncProperty(steps, (history) =>
        withServers(async (servers) => {
          await using grouping = startGroupingMongoDb(servers.context.config.ticketsUrl);
          await play(servers, history, grouping.url);
          assert.ok(grouping.aggregations() > 0);
        })),
      { numRuns: Number(Deno.env.get("SHOPFLOW_TEST_RUNS") ?? 8), seed: 12, endOnFailure: true },
    ),
);
