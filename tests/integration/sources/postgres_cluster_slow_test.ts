/** PostgreSQL servers that restart, or whose standby is in the way of its recovery, in the middle of an extract. */
import assert from "node:assert/strict";
import { loadConfig } from "shopflow/config/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
// @ts-types="@types/pg"
import pg from "pg";
import { createContext, type PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow } from "../../fixtures/awkward_shop.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { startPostgresCluster } from "../../fixtures/postgres_cluster.ts";
import { until } from "../../fixtures/process_state.ts";
import { testWith } from "../../requirements.ts";

const ROWS = 1000;

/** Reading events waits for a lock that the test may have. */
const EVENTS_HELD = `ALTER TABLE events RENAME TO all_events;
  CREATE VIEW events AS SELECT * FROM all_events
    WHERE current_query() NOT LIKE 'COPY%' OR pg_advisory_xact_lock_shared(1)::text IS NOT NULL`;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // Its server is stopped under it.
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** A lake of its own, and no tickets. */
async function withHome(body: (context: PipelineContext) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  await Deno.writeTextFile(`${home}/tickets.jsonl`, "");
  const config = loadConfig({ SHOPFLOW_HOME: home, SHOPFLOW_MONGODB_URL: `file:${home}/tickets.jsonl` });
  try {
    await body(createContext(config, createRuntime({ progress: silentProgress })));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Begins an extract of the shop at `url` and waits until it waits for events, whose lock `sql` takes. */
async function extractHeldAtEvents(context: PipelineContext, url: string, sql: pg.Client) {
  await sql.query("SELECT pg_advisory_lock(1)");
  const lines: string[] = [];
  const runtime = { ...context.runtime, log: createLogger((line) => void lines.push(line)) };
  const extracting = extract({ ...context, config: { ...context.config, postgresUrl: url }, runtime });
  await until(async () =>
    (await sql.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).rows.length > 0
  );
  return { extracting, lines };
}

async function assertWhole(context: PipelineContext): Promise<void> {
  for (const table of ["orders", "events", "inventory"]) {
    assert.deepEqual(await lakeRow(context, table, "count(*)::int AS rows"), { rows: ROWS }, table);
  }
}

testWith(
  ["postgres_programs"],
  "a restart of the server, and a standby that ends the reading, are waited for, and all tables are of one moment",
  async (t) => {
    await using primary = await startPostgresCluster();
    const sql = await connect(primary.url);
    await createShopTables(sql, { months: 12, rows: ROWS });
    await sql.query(EVENTS_HELD);

    await t.step(
      "a standby whose recovery ends the reading is read again, with its own words in the log",
      () =>
        withHome(async (context) => {
          await using standby = await primary.startStandby();
          const reader = await connect(standby.url);
          const { extracting, lines } = await extractHeldAtEvents(context, standby.url, reader);
          // The standby must remove rows that the extract's moment still sees.
          await sql.query("DELETE FROM all_events WHERE event_id = 'E00000000'");
          await sql.query("INSERT INTO orders SELECT 'NEW' FROM customers LIMIT 1");
          await sql.query("DELETE FROM orders WHERE order_id = 'O0000000'");
          await sql.query("VACUUM all_events");
          await until(() => Promise.resolve(lines.some((line) => /Trying again/.test(line))));
          await reader.query("SELECT pg_advisory_unlock(1)");
          assert.equal((await extracting).status, "done");
          assert.match(
            lines.join("\n"),
            /is a standby that cancelled the query: found the server said "(canceling statement|terminating connection) due to conflict with recovery" \(40\w+\).*hot_standby_feedback.*Trying again in/,
          );
          // The orders were copied before, and are of the same moment as the events.
          const moment =
            "count(*) FILTER (order_id = 'NEW')::int AS new, count(*) FILTER (order_id = 'O0000000')::int AS old";
          assert.deepEqual(await lakeRow(context, "orders", moment), { new: 1, old: 0 });
          assert.deepEqual(await lakeRow(context, "events", "count(*)::int AS rows"), { rows: ROWS - 1 });
          await reader.end();
        }),
    );

    await sql.query("INSERT INTO all_events SELECT 'E00000000'");
    await t.step(
      "a server that is down for a while in the middle of an extract is waited for",
      () =>
        withHome(async (context) => {
          const { extracting, lines } = await extractHeldAtEvents(context, primary.url, sql);
          await primary.stop();
          // Down until an attempt has found nobody there.
          await until(() => Promise.resolve(lines.some((line) => /cannot be reached/.test(line))));
          await primary.start();
          assert.equal((await extracting).status, "done");
          assert.match(
            lines.join("\n"),
            /Table events was not copied: .*the server said "terminating connection due to administrator command" \(57P01\)/,
          );
          assert.match(lines.join("\n"), /cannot be reached: found connect ECONNREFUSED.*Trying again in/);
          await assertWhole(context);
        }),
    );
  },
);
