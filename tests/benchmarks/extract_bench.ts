/**
 * How long events take from the embedded PostgreSQL into the lake, beside the floor: the database's own COPY
 * of the same table, unsorted, its bytes thrown away. Writing, comparing, sorting and Parquet come on top; the
 * figure of merit is the ratio. `SHOPFLOW_TEST_EVENTS` sets the size (2000000 is the full one).
 */
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { withExtractClient } from "../../lib/sources/postgres/snapshot_transaction.ts";
import { loadSourceTables } from "../../lib/sources/postgres/load.ts";
import { loadTickets } from "../../lib/sources/tickets/load.ts";
import { SOURCE_TABLES, withPostgresSource } from "shopflow/sources/mod.ts";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import { createContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";

const EVENTS = Number(Deno.env.get("SHOPFLOW_TEST_EVENTS") ?? 200_000);
const few = { group: `${EVENTS.toLocaleString("en-US")} events out of PostgreSQL`, n: 4, warmup: 1 };

const home = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
const config = loadConfig({ SHOPFLOW_HOME: home });
const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
await loadSourceTables(config.postgresUrl, [{ table: "events", csv: eventsCsv() }], runtime);
await loadTickets(config.ticketsUrl, [], runtime);

/** Events in another order than that of their ids, as a shop's are. */
function* eventsCsv(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let start = 0; start < EVENTS; start += 1000) {
    const lines = Array.from({ length: Math.min(1000, EVENTS - start) }, (_, i) => {
      const id = String((start + i) * 7919 % EVENTS).padStart(8, "0");
      const second = String(i % 60).padStart(2, "0");
      return `EVT${id},CUST${id.slice(-6)},S${start + (i >> 3)},page_view,2024-03-01 10:00:${second},` +
        `PROD00${id.slice(-3)},/products/PROD00${id.slice(-3)},Mobile,Chrome\n`;
    });
    yield encoder.encode(lines.join(""));
  }
}

Deno.bench({
  name: "floor: COPY alone, bytes thrown away",
  ...few,
  baseline: true,
  // Deno awaits a benchmark only if it is written as an async function.
  async fn() {
    await withExtractClient(config.postgresUrl, async (client) => {
      for await (const _ of client.query(copyTo("COPY events TO STDOUT (FORMAT csv)")));
    });
  },
});

Deno.bench({
  name: "copied to a file",
  ...few,
  async fn() {
    const folder = await Deno.makeTempDir({ dir: home });
    await withPostgresSource(config.postgresUrl, runtime, async (source) => {
      for (const table of SOURCE_TABLES) await source.copy(table, join(folder, table.name), {});
    });
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.bench({
  name: "extracted into the lake as Parquet",
  ...few,
  // A lake of its own each time, since an unchanged table is not written again.
  async fn() {
    await extract(createContext({ ...config, lakeUrl: join(home, crypto.randomUUID()) }, runtime));
  },
});

const upToDate = createContext(config, runtime);
await extract(upToDate);

Deno.bench({
  name: "extracted again: nothing is new",
  ...few,
  async fn() {
    await extract(upToDate);
  },
});
