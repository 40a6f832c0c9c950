/** The sources on real servers: what is loaded into PostgreSQL and MongoDB arrives in the lake, and all of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { delay, loadSourceTables, loadTickets, SOURCE_TABLES } from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
// @ts-types="@types/pg"
import type pg from "pg";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/extract.ts";
import { importOnlineRetail } from "../../pipelines/import/online_retail.ts";
import { currentRawSql } from "../fixtures/current_raw_rows.ts";
import { withServers } from "../fixtures/source_servers.ts";
import { TEST_DATASETS, TEST_MONGODB_URL, testWith } from "../requirements.ts";

const progress = silentProgress;
const runtime = createRuntime({ progress, log: createLogger(() => {}) });
const csv = (text: string) => [new TextEncoder().encode(text)];
/** Values that copying by text could spoil: quotes, line breaks, letters that locales sort differently. */
const TABLES = [
  {
    table: "customers",
    csv: csv(
      'b-1,,"",O\'Neil,"São\nPaulo",UK,2024-02-29,,,\nB1,x@y.z,"a ""b""",\\N,NULL,UK,1999-12-31,,3,-1.50\n',
    ),
  },
  { table: "products", csv: csv("p2,Ünï,Toys,,9.99,,-12.30,\nP1,日本,,,0.01,99999999.99,,\n") },
  {
    table: "orders",
    csv: csv(
      "O1,B1,P1,2024-03-01,20.00,2,0,\nO1,B1,P1,2024-03-01,10.00,1,0,\nO1,B1,P1,2024-03-01,10.00,1,0,\n",
    ),
  },
  {
    table: "events",
    csv: csv(
      'E1,b-1,S,page_view,2024-03-01 00:00:00.000001,,"/a?b=""c"",d",Mobile,\nE0,,S,x,2024-03-01,p2,,,\n',
    ),
  },
  { table: "inventory", csv: csv("P1,WH-US-EAST,2024-03-01,-1,0,\n") },
];
const TICKETS = [
  {
    ticket_id: "T1",
    created_date: new Date("2024-03-01T10:00:00.5Z"),
    resolution_hours: 5,
    description: '"\n',
  },
  {
    ticket_id: "T1",
    customer_id: "",
    created_date: new Date("2024-03-02"),
    resolved_date: null,
    agent_id: "A",
  },
];

async function lakeRow(context: PipelineContext, table: string, select: string): Promise<unknown> {
  using session = await openSession();
  return (await session.rows(`SELECT ${select} FROM (${await currentRawSql(context.store, table)})`))[0];
}

/** Starts an extract that a lock holds back between the tables customers, products and orders. */
async function extractHeldAtOrders(context: PipelineContext, sql: pg.Client) {
  await sql.query("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
  const result = extract(context);
  while (true) {
    const { rows } = await sql.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass`,
    );
    if (rows[0]) return { result, pid: rows[0].pid };
  }
}

const sourceRow = async (sql: pg.Client, table: string, select: string) =>
  (await sql.query(`SELECT ${select} FROM ${table}`)).rows[0];

testWith(
  ["postgres", "mongodb", "datasets"],
  "the Online Retail transactions arrive in the lake with every row and every penny",
  () =>
    withServers(async ({ context, sql }) => {
      const from = join(TEST_DATASETS, "online_retail", "online_retail.csv.gz");
      const report = await importOnlineRetail(context, { from, replace: false });
      assert.deepEqual(report.rows, {
        customers: 4372,
        products: 4070,
        orders: 541909,
        events: 0,
        inventory: 0,
        support_tickets: 0,
      });
      const rules = Object.fromEntries(report.rules.map(({ rule, rows }) => [rule, rows]));
      assert.equal(rules.cancelled_invoice, 9288);
      assert.equal(rules.missing_customer, 135080);
      assert.equal(rules.rejected_line, 0);

      await extract(context);
      const totals =
        `count(*)::int AS rows, sum(order_amount)::text AS amount, sum(quantity)::int AS quantity,
        count(customer_id)::int AS with_customer, count(DISTINCT order_id)::int AS orders,
        min(order_date)::text AS first, max(order_date)::text AS last`;
      const source = await sourceRow(sql, "orders", totals);
      assert.deepEqual(await lakeRow(context, "orders", totals), source);
      assert.equal(source.orders, 25900);
      assert.equal(source.amount, "9747747.93");
      const products = "count(*)::int AS rows, sum(price)::text AS price, count(product_name)::int AS named";
      assert.deepEqual(
        await lakeRow(context, "products", products),
        await sourceRow(sql, "products", products),
      );
      const { tables } = await readRawExtract(context.store);
      assert.equal(tables.events!.rows + tables.inventory!.rows + tables.support_tickets!.rows, 0);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "servers and the embedded shop give the same content",
  () =>
    withServers(async ({ context }) => {
      const embedded = createContext(
        loadConfig({ SHOPFLOW_HOME: join(context.config.home, "embedded") }),
        runtime,
      );
      const contents = [];
      for (const shop of [context, embedded]) {
        await loadSourceTables(shop.config.postgresUrl, TABLES, { progress });
        assert.equal(await loadTickets(shop.config.ticketsUrl, TICKETS, { progress }), 2);
        await extract(shop);
        const { tables } = await readRawExtract(shop.store);
        contents.push(
          Object.entries(tables).map(([name, { rows, contentSha256 }]) => [name, rows, contentSha256]),
        );
      }
      assert.deepEqual(contents[0], contents[1]);
      assert.deepEqual(contents[0]!.map(([, rows]) => rows), [2, 2, 3, 2, 1, 2]);
      assert.equal((await extract(context)).status, "unchanged");
    }),
);

testWith(
  ["postgres", "mongodb"],
  "an order placed while the extract runs is in none of its tables",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, TABLES, { progress });
      const extracting = await extractHeldAtOrders(context, sql);
      await sql.query(`INSERT INTO customers (customer_id) VALUES ('LATE');
      INSERT INTO orders (order_id, customer_id) VALUES ('LATE', 'LATE');
      COMMIT`);
      await extracting.result;
      const late = "count(*) FILTER (WHERE order_id = 'LATE')::int AS late, count(*)::int AS rows";
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 0, rows: 3 });
      await extract(context);
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 1, rows: 4 });
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that breaks halfway is made again, and the extract is whole",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, TABLES, { progress });
      await loadTickets(context.config.ticketsUrl, TICKETS, { progress });
      await extract(context);
      const lines: string[] = [];
      const log = createLogger((line) => void lines.push(line));
      const extracting = await extractHeldAtOrders({ ...context, runtime: { ...context.runtime, log } }, sql);
      await sql.query("INSERT INTO orders (order_id) VALUES ('O9')");
      await sql.query("SELECT pg_terminate_backend($1)", [extracting.pid]);
      await sql.query("COMMIT");
      assert.equal((await extracting.result).status, "done");
      assert.match(lines.join("\n"), /warning: Table orders was not copied: .*Trying again \(2 of 3\)/);
      assert.deepEqual(await lakeRow(context, "orders", "count(*) AS rows"), { rows: 4 });
      assert.deepEqual(await Array.fromAsync(Deno.readDir(join(context.config.home, "tmp"))), []);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that breaks again and again ends the extract, names the table and leaves the lake as it was",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, TABLES, { progress });
      await loadTickets(context.config.ticketsUrl, TICKETS, { progress });
      await extract(context);
      const before = await readRawExtract(context.store);
      const extracting = await extractHeldAtOrders(context, sql);
      let ended = false;
      const rejected = assert.rejects(extracting.result, (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, /Table orders was not copied: .*(terminating connection|terminated)/);
        return true;
      }).finally(() => ended = true);
      while (!ended) {
        await sql.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass`,
        );
        await delay(20);
      }
      await rejected;
      await sql.query("COMMIT");
      assert.deepEqual(await readRawExtract(context.store), before);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(join(context.config.home, "tmp"))), []);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a value the lake cannot hold fails the extract and names its table",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, TABLES, { progress });
      await sql.query("UPDATE products SET price = 'NaN' WHERE product_id = 'p2'");
      await assert.rejects(extract(context), (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, /Rows of table products do not fit/);
        assert.match((error.cause as Error).message, /NaN/);
        return true;
      });
      await assert.rejects(readRawExtract(context.store), /Nothing was extracted/);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "servers that refuse or lack what is asked are explained",
  () =>
    withServers(async ({ context, sql }) => {
      const url = new URL(context.config.postgresUrl);
      const at = (changes: Partial<URL>) => Object.assign(new URL(url), changes).href;
      const shop = (postgresUrl: string) => ({ ...context, config: { ...context.config, postgresUrl } });
      await assert.rejects(
        extract(shop(at({ password: "hunter2" }))),
        (error) =>
          error instanceof SourceError && /refused the user or password/.test(error.message) &&
          !/hunter2/.test(error.message),
      );
      await assert.rejects(extract(shop(at({ pathname: "/nowhere" }))), /has no such database.*nowhere/);
      await assert.rejects(
        extract(context),
        (error) => {
          assert.ok(error instanceof SchemaContractError);
          return SOURCE_TABLES.every(({ name }) => error.found!.includes(`no table ${name}`));
        },
      );
      await loadSourceTables(context.config.postgresUrl, [], { progress });
      const tickets = (ticketsUrl: string) => ({ ...context, config: { ...context.config, ticketsUrl } });
      await assert.rejects(
        extract(tickets("mongodb://shop:hunter2@127.0.0.1:1/shop?serverSelectionTimeoutMS=200")),
        (error) =>
          error instanceof SourceError &&
          /shop:\*\*\*@127\.0\.0\.1:1\/shop.* cannot be reached/.test(error.message),
      );
      await assert.rejects(extract(tickets(TEST_MONGODB_URL.replace(/\/[^/]*$/, ""))), /names no database/);
      await sql.query("DROP TABLE events; CREATE VIEW events AS SELECT 1 AS event_id");
      assert.match(
        (await extract(context)).problems![0]!.message,
        /events\.event_id character varying\(20\).*events\.event_id integer/,
      );
    }),
);

testWith(
  ["postgres", "mongodb"],
  "tickets in MongoDB are not overwritten unasked, and checked when they are read",
  () =>
    withServers(async ({ context }) => {
      const { postgresUrl, ticketsUrl } = context.config;
      await loadSourceTables(postgresUrl, [], { progress });
      await loadTickets(ticketsUrl, TICKETS, { progress });
      await assert.rejects(
        loadTickets(ticketsUrl, TICKETS, { progress }),
        /support tickets already.*--replace/,
      );
      await loadTickets(ticketsUrl, [{ ticket_id: "T9", satisfaction_score: 4.5 }], {
        replace: true,
        progress,
      });
      assert.match(
        (await extract(context)).problems![0]!.message,
        /satisfaction_score of ticket T9 \(_id 0{23}1\).*expected a whole number, found number 4\.5/,
      );
      await loadTickets(ticketsUrl, [{ ticket_id: "T9", satisfaction_score: 4 }], {
        replace: true,
        progress,
      });
      await extract(context);
      assert.deepEqual(
        await lakeRow(context, "support_tickets", "count(*) AS rows, min(satisfaction_score) AS score"),
        {
          rows: 1,
          score: 4,
        },
      );
    }),
);
