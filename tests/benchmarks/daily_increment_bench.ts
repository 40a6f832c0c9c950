/**
 * What a day costs on one, two and three years of history: the star schema built on the former snapshot after one
 * more day of raw rows, beside the full build of the same history. Figures of merit are the ratio, and that the
 * day costs the same whatever came before. `SHOPFLOW_BENCH_EVENTS` is the number of events a year (2000000 is the
 * full size); the other tables follow.
 */
import { createDirectoryStore, type ObjectStore, type TableFile } from "shopflow/lake/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import {
  buildSnapshot,
  loadSqlProject,
  openSession,
  type RawInputs,
  type Session,
  sqlString,
} from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { PROJECT_RELATIONS, WAREHOUSE_PROJECT } from "../../pipelines/transform.ts";

const EVENTS = Number(Deno.env.get("SHOPFLOW_BENCH_EVENTS") ?? 200_000);
const CUSTOMERS = Math.ceil(EVENTS / 20);
const LAST_DAY = "2024-12-31";

const home = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
const project = await loadSqlProject(WAREHOUSE_PROJECT, PROJECT_RELATIONS);

/** Raw rows of the days from `first` (0 is the first of the history) up to and without `end`. */
function rawSql(start: string, first: number, end: number): Record<string, string> {
  const day = (n: string) => `(DATE '${start}' + CAST(${n} AS INTEGER))`;
  const numbers = (perDay: number) =>
    `range(${Math.round(first * perDay)}, ${Math.round(end * perDay)}) AS t(i)`;
  const [events, orders, tickets] = [EVENTS / 365, EVENTS / 365 / 4, EVENTS / 365 / 40];
  const who = `format('CUST{:06d}', hash(i) % ${CUSTOMERS})`;
  const what = "format('PROD{:05d}', hash(i, 1) % 500)";
  return {
    customers:
      `SELECT format('CUST{:06d}', i) AS customer_id, format('c{}@example.com', i) AS email, 'Kim' AS first_name,
      'Doe' AS last_name, 'Leeds' AS city, 'UK' AS country, DATE '2020-01-01' AS signup_date,
      'Medium Value' AS customer_segment, ${end} AS total_orders, CAST(${end} AS DECIMAL(10,2)) AS total_spent
      FROM range(${CUSTOMERS}) AS t(i) ${first === 0 ? "" : "WHERE i % 365 = 0"}`,
    products:
      `SELECT format('PROD{:05d}', i) AS product_id, 'Thing' AS product_name, 'Toys' AS category, 'Acme' AS brand,
      CAST(10 AS DECIMAL(10,2)) AS price, CAST(6 AS DECIMAL(10,2)) AS cost, CAST(40 AS DECIMAL(5,2)) AS margin_pct,
      'In Stock' AS stock_status FROM range(${first === 0 ? 500 : 2}) AS t(i)`,
    orders: `SELECT format('ORD{:09d}', i) AS order_id, ${who} AS customer_id, ${what} AS product_id,
      ${day(`i / ${orders}`)} AS order_date, CAST(10 AS DECIMAL(10,2)) AS order_amount, 1 AS quantity,
      CAST(0 AS DECIMAL(10,2)) AS discount_amount, 'PayPal' AS payment_method FROM ${numbers(orders)}`,
    events:
      `SELECT format('EVT{:010d}', i) AS event_id, ${who} AS customer_id, format('S{}', i / 5) AS session_id,
      'page_view' AS event_type, ${day(`floor(i / ${events})`)} + to_seconds(i % 86400) AS event_timestamp,
      ${what} AS product_id, '/p' AS page_url, 'Mobile' AS device_type, 'Firefox' AS browser FROM ${
        numbers(events)
      }`,
    inventory: `SELECT format('PROD{:05d}', p) AS product_id, 'WH-US-EAST' AS warehouse_id, ${
      day("d")
    } AS date,
      CAST(hash(p, d) % 50 AS INTEGER) AS stock_level, 5 AS reorder_level, ${
      day("d")
    } + INTERVAL 20 HOUR AS last_updated
      FROM range(${first}, ${end}) AS d(d), range(500) AS p(p)`,
    support_tickets:
      `SELECT format('TKT{:08d}', i) AS ticket_id, ${who} AS customer_id, NULL::VARCHAR AS customer_segment,
      ${
        day(`i / ${tickets}`)
      }::TIMESTAMP AS created_date, NULL::TIMESTAMP AS resolved_date, 'Billing Issue' AS issue_type,
      'Toys' AS issue_category, 'Low' AS priority, 'Open' AS status, NULL::INTEGER AS resolution_hours,
      NULL::INTEGER AS satisfaction_score, 'A1' AS agent_id, format('Help {}', i) AS description,
      NULL::VARCHAR AS order_id, NULL::VARCHAR AS product_id FROM ${numbers(tickets)}`,
  };
}

async function extract(
  session: Session,
  store: ObjectStore,
  before: RawInputs,
  { run, extractedAt, days: [start, first, end] }: {
    run: string;
    extractedAt: string;
    days: [start: string, first: number, end: number];
  },
): Promise<RawInputs> {
  const after: RawInputs = {};
  for (const [table, sql] of Object.entries(rawSql(start, first, end))) {
    const path = join(home, "raw.parquet");
    const [{ Count: rows }] = await session.rows<{ Count: number }>(
      `COPY (SELECT *, TIMESTAMP ${sqlString(extractedAt)} AS _extracted_at, ${sqlString(run)} AS _run,
         false AS _deleted FROM (${sql})) TO ${sqlString(path)} (FORMAT parquet)`,
    ) as [{ Count: number }];
    const body = await Deno.readFile(path);
    const key = `raw/${table}/${run}.parquet`;
    const file: TableFile = {
      key,
      rows,
      size: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    };
    await store.moveIn(key, path);
    after[table] = [...before[table] ?? [], file];
  }
  return after;
}

for (const years of [1, 2, 3]) {
  const store = createDirectoryStore(join(home, `lake_${years}`));
  const days = years * 365;
  const start = new Date(Date.parse(LAST_DAY) - days * 86_400_000).toISOString().slice(0, 10);
  using session = await openSession();
  const history = await extract(session, store, {}, {
    run: "history",
    extractedAt: `${LAST_DAY} 00:00:00`,
    days: [start, 0, days],
  });
  const grown = await extract(session, store, history, {
    run: "day",
    extractedAt: "2025-01-01 00:00:00",
    days: [start, days, days + 1],
  });
  const content = { store, project, codeVersion: "bench" };
  const options = { memoryLimit: "1GiB" };
  const { manifest: former } = await buildSnapshot({ ...content, inputs: history }, runtime, options);
  const shared = {
    group: `${years} years of ${EVENTS.toLocaleString("en-US")} events a year`,
    n: 2,
    warmup: 0,
  };
  Deno.bench({
    name: `${years} years: full build`,
    ...shared,
    baseline: true,
    // Deno awaits a benchmark only if it is written as an async function.
    async fn() {
      await buildSnapshot({ ...content, inputs: grown }, runtime, options);
    },
  });
  Deno.bench({
    name: `${years} years: one more day`,
    ...shared,
    async fn() {
      await buildSnapshot({ ...content, inputs: grown, former }, runtime, options);
    },
  });
}
