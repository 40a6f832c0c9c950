import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables, loadTickets } from "shopflow/sources/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { PGlite } from "@electric-sql/pglite";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/extract.ts";
import { placeEmptyPostgres } from "../fixtures/empty_postgres.ts";

const csv = (...rows: string[]) => [new TextEncoder().encode(rows.map((row) => row + "\n").join(""))];
const progress = silentProgress;
const ORDERS = [
  `O2,C1,P1,2024-01-03,-5.25,-1,0,PayPal`,
  `O1,,P1,2024-01-02,10.50,2,0,`,
  `O1,"",P1,2024-01-02,10.50,2,0,"a, ""b""\nc"`,
];

/** A home of its own with a small embedded shop; the clock moves a minute with each extract. */
async function withShop(body: (context: PipelineContext, home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  let minute = 0;
  const runtime = createRuntime({
    now: () => new Date(Date.UTC(2025, 0, 1, 0, minute++)),
    log: createLogger(() => {}),
    progress,
  });
  const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
  try {
    await placeEmptyPostgres(join(home, "shop", "postgres"));
    await loadSourceTables(context.config.postgresUrl, [{ table: "orders", csv: csv(...ORDERS) }], {
      progress,
    });
    await loadTickets(context.config.ticketsUrl, [
      {
        ticket_id: "T1",
        customer_id: "C1",
        created_date: new Date("2024-01-05T10:00:00.123Z"),
        resolution_hours: 3,
      },
      { ticket_id: "T2", description: 'two\nlines, "quoted" \u2028', created_date: "2024-01-06", status: "" },
    ], { progress });
    await body(context, home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function rawRows(context: PipelineContext, table: string): Promise<Record<string, unknown>[]> {
  const { tables } = await readRawExtract(context.store);
  using session = await openSession();
  return await session.rows(
    `SELECT * FROM read_parquet(${sqlString(await context.store.localPath(tables[table]!.key))})`,
  );
}

async function change(context: PipelineContext, sql: string): Promise<void> {
  const db = await PGlite.create(context.config.postgresUrl.slice("pglite:".length));
  await db.exec(sql);
  await db.close();
}

Deno.test("extract keeps every row as the source has it, null and empty text apart, in the order of the key", () =>
  withShop(async (context) => {
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

Deno.test("a second extract of the same rows changes nothing, one of changed rows only their table", () =>
  withShop(async (context) => {
    await extract(context);
    const first = await readRawExtract(context.store);
    const again = await extract(context);
    assert.equal(again.status, "unchanged");
    assert.deepEqual(await readRawExtract(context.store), first);

    await change(context, "UPDATE orders SET quantity = 9 WHERE order_id = 'O2'");
    const third = await extract(context);
    assert.equal(third.status, "done");
    const changed = await readRawExtract(context.store);
    assert.notEqual(changed.tables.orders!.key, first.tables.orders!.key);
    assert.deepEqual({ ...changed.tables, orders: null }, { ...first.tables, orders: null });

    await extract({ ...context, force: true });
    const forced = await readRawExtract(context.store);
    assert.notEqual(forced.tables.customers!.key, first.tables.customers!.key);
    assert.equal(forced.tables.customers!.contentSha256, first.tables.customers!.contentSha256);
  }));

Deno.test("a source that is not as agreed stops the extract, says why and leaves the last one current", () =>
  withShop(async (context, home) => {
    await extract(context);
    const before = await readRawExtract(context.store);
    await change(
      context,
      `DROP TABLE events;
       ALTER TABLE orders DROP COLUMN quantity;
       ALTER TABLE orders ALTER order_amount TYPE numeric(12,2);
       ALTER TABLE products ADD shelf text`,
    );
    await assert.rejects(extract(context), (error) => {
      assert.ok(error instanceof SchemaContractError);
      assert.equal(
        error.expected,
        "orders.order_amount numeric(10,2); orders.quantity integer; table events",
      );
      assert.equal(
        error.found,
        "orders.order_amount numeric(12,2); no column orders.quantity; no table events",
      );
      return true;
    });
    assert.deepEqual(await readRawExtract(context.store), before);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("a broken tickets file is named with its line, and nothing of the extract is published", () =>
  withShop(async (context, home) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const bad = [
      [`{"ticket_id": "T3", "created_date"`, SourceError, /Line 3 of the tickets file .* cannot be read/],
      [`["T3"]`, SourceError, /Line 3 .*without --jsonArray/],
      [
        `{"ticket_id": "T3", "resolution_hours": "three"}`,
        SchemaContractError,
        /Field resolution_hours of ticket T3 \(line 3 of .*expected a whole number, found string "three"/,
      ],
      [
        `{"ticket_id": "T3", "created_date": {"$date": "soon"}}`,
        SchemaContractError,
        /Field created_date of ticket T3 .*expected a date/,
      ],
    ] as const;
    const good = await Deno.readTextFile(path);
    for (const [line, kind, message] of bad) {
      await Deno.writeTextFile(path, good + line + "\n");
      await assert.rejects(extract(context), (error) => {
        assert.ok(error instanceof kind, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(readRawExtract(context.store), /Nothing was extracted/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("what a killed run left behind is removed a day later, what runs now is not", () =>
  withShop(async (context, home) => {
    const old = join(home, "tmp", "pipeline-old");
    const running = join(home, "tmp", "pipeline-running");
    for (const folder of [old, running]) await Deno.mkdir(folder, { recursive: true });
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await Deno.utime(old, yesterday, yesterday);
    await extract(context);
    const left = await Array.fromAsync(Deno.readDir(join(home, "tmp")), ({ name }) => name);
    assert.deepEqual(left, ["pipeline-running"]);
  }));

Deno.test("dates of tickets are read in every form that mongoexport and APIs write", () =>
  withShop(async (context) => {
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
        `{"ticket_id":"T${i}","created_date":${form},"resolution_hours":{"$numberInt":"7"}}`
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

Deno.test("a shop that is not there gets an error that says how to make one", async () => {
  const home = await Deno.makeTempDir();
  try {
    const runtime = createRuntime({ progress, log: createLogger(() => {}) });
    const embedded = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
    await assert.rejects(extract(embedded), /no embedded shop database.*deno task simulate/);
    const server = createContext(
      loadConfig({ SHOPFLOW_HOME: home, SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@127.0.0.1:1/shop" }),
      runtime,
    );
    await assert.rejects(extract(server), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(error.message, /postgres:\/\/shop:\*\*\*@127\.0\.0\.1:1\/shop cannot be reached/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
