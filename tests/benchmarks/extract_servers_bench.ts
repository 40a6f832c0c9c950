/**
 * How long an extract takes from real servers: of everything, of nothing new, and of a day. The floor is PostgreSQL's
 * own COPY of the same tables, its bytes thrown away. `SHOPFLOW_TEST_CUSTOMERS` sets the size (100000 is the full one:
 * 500,000 orders, 2,000,000 events, 620,000 inventory rows, 50,000 tickets). Ignored without the tests' servers.
 */
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { controlTotalsSql, SOURCE_TABLES } from "shopflow/sources/mod.ts";
import { MongoClient } from "mongodb";
// @ts-types="@types/pg"
import pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import { createContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { TEST_MONGODB_URL, TEST_POSTGRES_URL } from "../requirements.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 10_000);
const ignore = TEST_POSTGRES_URL === "" || TEST_MONGODB_URL === "";
const group = `${CUSTOMERS.toLocaleString("en-US")} customers out of servers`;

const home = await Deno.makeTempDir();
const database = `shopflow_bench_${crypto.randomUUID().replaceAll("-", "")}`;
const at = (url: string) => ignore ? url : Object.assign(new URL(url), { pathname: `/${database}` }).href;
const config = loadConfig({
  SHOPFLOW_HOME: home,
  SHOPFLOW_POSTGRES_URL: at(TEST_POSTGRES_URL),
  SHOPFLOW_MONGODB_URL: at(TEST_MONGODB_URL),
});
const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
const settled = createContext(config, runtime);
const sql = new pg.Client({ connectionString: config.postgresUrl });
if (!ignore) {
  const admin = new pg.Client({ connectionString: TEST_POSTGRES_URL });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  await simulateIntoSources(settled, {
    customers: CUSTOMERS,
    products: CUSTOMERS / 20,
    seed: 42,
    until: "2024-12-31",
  });
  await sql.connect();
  await extract(settled);
}

Deno.bench({
  name: "floor: COPY of the five tables, bytes thrown away",
  group,
  ignore,
  n: 3,
  warmup: 0,
  baseline: true,
  // Deno awaits a benchmark only if it is written as an async function.
  async fn() {
    for (const { name } of SOURCE_TABLES) {
      await sql.query("SELECT 1");
      for await (const _ of sql.query(copyTo(`COPY ${name} TO STDOUT (FORMAT csv)`)));
    }
  },
});

Deno.bench({
  name: "figures of the five tables by month",
  group,
  ignore,
  n: 3,
  warmup: 0,
  async fn() {
    for (const table of SOURCE_TABLES) await sql.query(controlTotalsSql(table, table.name));
  },
});

Deno.bench({
  name: "everything, into a new lake",
  group,
  ignore,
  n: 3,
  warmup: 0,
  async fn() {
    await extract(createContext({ ...config, lakeUrl: join(home, crypto.randomUUID()) }, runtime));
  },
});

Deno.bench({
  name: "nothing is new",
  group,
  ignore,
  n: 3,
  warmup: 0,
  async fn() {
    await extract(settled);
  },
});

let day = 0;
Deno.bench({
  name: "a day: 1/365 of the rows of the last year",
  group,
  ignore,
  n: 3,
  warmup: 0,
  async fn(bench) {
    await addDay(++day);
    bench.start();
    await extract(settled);
    bench.end();
  },
});

Deno.bench({
  name: "all rows compared, nothing is new",
  group,
  ignore,
  n: 2,
  warmup: 0,
  async fn() {
    await extract({ ...settled, force: true });
  },
});

/** Copies the orders and events of the last day under new ids to a day that follows. */
async function addDay(days: number): Promise<void> {
  await sql.query(`
    INSERT INTO orders SELECT 'N${days}-' || substr(order_id, 4), customer_id, product_id, order_date + ${days}, order_amount,
      quantity, discount_amount, payment_method FROM orders WHERE order_date = '2024-12-31';
    INSERT INTO events SELECT 'N${days}-' || substr(event_id, 4), customer_id, session_id, event_type,
      event_timestamp + interval '${days} day', product_id, page_url, device_type, browser
      FROM events WHERE event_timestamp >= '2024-12-31' AND event_timestamp < '2025-01-01';
    INSERT INTO inventory SELECT product_id, warehouse_id, date + ${days}, stock_level, reorder_level,
      last_updated + interval '${days} day' FROM inventory WHERE date = '2024-12-31'`);
}

addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
if (!ignore) {
  // After all others: nothing else drops what was made on the servers.
  Deno.bench({
    name: "(cleaning up)",
    group: "cleaning up",
    n: 1,
    warmup: 0,
    async fn() {
      await sql.end();
      const admin = new pg.Client({ connectionString: TEST_POSTGRES_URL });
      await admin.connect();
      await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
      await admin.end();
      await using client = new MongoClient(config.ticketsUrl);
      await client.db().dropDatabase();
    },
  });
}
