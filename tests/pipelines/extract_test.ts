import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables, loadTickets } from "shopflow/sources/mod.ts";
import { PGlite } from "@electric-sql/pglite";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/extract.ts";
import { placeEmptyPostgres } from "../fixtures/empty_postgres.ts";
import { numberedTickets, startSupportApi } from "../fixtures/support_api.ts";
import { currentRawRows } from "../fixtures/current_raw_rows.ts";

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

const rawRows = (context: PipelineContext, table: string) => currentRawRows(context.store, table);

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

Deno.test("another shop loaded in the place of one is compared whole, also its rows before the lag", () =>
  withShop(async (context) => {
    const load = (quantity: number) =>
      loadSourceTables(context.config.postgresUrl, [{
        table: "orders",
        csv: csv(`O1,C1,P1,2020-01-02,10.50,${quantity},0,`, `O2,C1,P1,2024-01-03,5.25,1,0,`),
      }], { replace: true, progress });
    await load(2);
    await extract(context);
    await load(7);
    await extract(context);
    const orders = await rawRows(context, "orders");
    assert.deepEqual(orders.map(({ order_id, quantity }) => [order_id, quantity]), [["O1", 7], ["O2", 1]]);
  }));

Deno.test("a second extract of the same rows changes nothing, one of changed rows adds these alone", () =>
  withShop(async (context) => {
    await extract(context);
    const first = await readRawExtract(context.store);
    const again = await extract(context);
    assert.equal(again.status, "unchanged");
    assert.deepEqual(await readRawExtract(context.store), first);

    await change(context, "UPDATE orders SET quantity = 9 WHERE order_id = 'O2'");
    const third = await extract(context);
    assert.equal(third.status, "done");
    const { tables } = await readRawExtract(context.store);
    assert.deepEqual({ ...tables, orders: null }, { ...first.tables, orders: null });
    assert.deepEqual(tables.orders!.files.map(({ rows }) => rows), [3, 1]);
    assert.deepEqual(tables.orders!.files[0], first.tables.orders!.files[0]);
    assert.equal(tables.orders!.rows, 3);
    const orders = await rawRows(context, "orders");
    assert.deepEqual(orders.map(({ order_id, quantity }) => [order_id, quantity]), [["O1", 2], ["O1", 2], [
      "O2",
      9,
    ]]);
    assert.equal((await extract({ ...context, force: true })).status, "unchanged");
  }));

Deno.test("a table that is not as agreed is named and stays as it was, the others go on", () =>
  withShop(async (context, home) => {
    await extract(context);
    const before = await readRawExtract(context.store);
    const messages: string[] = [];
    await change(
      context,
      `DROP TABLE events;
       ALTER TABLE orders DROP COLUMN quantity;
       ALTER TABLE orders ALTER order_amount TYPE numeric(12,2);
       ALTER TABLE products ADD shelf text;
       INSERT INTO products (product_id) VALUES ('P1')`,
    );
    const runtime = { ...context.runtime, log: createLogger((line) => void messages.push(line)) };
    const { status, problems } = await extract({ ...context, runtime });
    assert.equal(status, "done");
    assert.deepEqual(problems!.map(({ expected, found }) => ({ expected, found })), [
      {
        expected: "orders.order_amount numeric(10,2); orders.quantity integer",
        found: "orders.order_amount numeric(12,2); no column orders.quantity",
      },
      { expected: "table events", found: "no table events" },
    ]);
    assert.ok(problems!.every((problem) => problem instanceof SchemaContractError));
    assert.match(problems![0]!.message, /table orders is not as agreed/);
    assert.match(messages.join("\n"), /does not read: products\.shelf/);
    const { tables } = await readRawExtract(context.store);
    assert.deepEqual({ ...tables, products: null }, { ...before.tables, products: null });
    assert.deepEqual((await rawRows(context, "products")).map(({ product_id }) => product_id), ["P1"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("a tickets file with a broken line ends the extract, and nothing of it is published", () =>
  withShop(async (context, home) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const good = await Deno.readTextFile(path);
    for (
      const [line, message] of [
        [`{"ticket_id": "T3", "created_date"`, /Line 3 of the tickets file .* cannot be read/],
        [`["T3"]`, /Line 3 .*without --jsonArray/],
      ] as const
    ) {
      await Deno.writeTextFile(path, good + line + "\n");
      await assert.rejects(extract(context), (error) => {
        assert.ok(error instanceof SourceError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(readRawExtract(context.store), /Nothing was extracted/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("a ticket with a field of another type stops the tickets alone", () =>
  withShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const good = await Deno.readTextFile(path);
    for (
      const [line, message] of [
        [
          `{"ticket_id": "T3", "resolution_hours": "three"}`,
          /Field resolution_hours of ticket T3 \(line 3 of .*expected a whole number, found string "three"/,
        ],
        [
          `{"ticket_id": "T3", "created_date": {"$date": "soon"}}`,
          /Field created_date of ticket T3 .*expected a date/,
        ],
      ] as const
    ) {
      await Deno.writeTextFile(path, good + line + "\n");
      const { problems } = await extract(context);
      assert.equal(problems!.length, 1);
      assert.match(problems![0]!.message, message);
    }
    assert.deepEqual(Object.keys((await readRawExtract(context.store)).tables).sort(), [
      "customers",
      "events",
      "inventory",
      "orders",
      "products",
    ]);
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

Deno.test("tickets come from the Support API, and only what changed is written again", () =>
  withShop(async (context) => {
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

Deno.test("a raw file that is lost or damaged is written again", () =>
  withShop(async (context) => {
    await extract(context);
    const orders = await rawRows(context, "orders");
    const { key } = (await readRawExtract(context.store)).tables.orders!.files[0]!;
    await context.store.delete(key);
    assert.match((await extract(context)).summary, /changed: orders \(3\)/);
    const again = (await readRawExtract(context.store)).tables.orders!.files;
    assert.equal(again.length, 1);
    await context.store.put(again[0]!.key, new TextEncoder().encode("PAR1 torn"));
    assert.match((await extract({ ...context, force: true })).summary, /changed: orders \(3\)/);
    const content = (rows: Record<string, unknown>[]) =>
      rows.map((row) => ({ ...row, _extracted_at: 0, _run: 0 }));
    assert.deepEqual(content(await rawRows(context, "orders")), content(orders));
  }));
