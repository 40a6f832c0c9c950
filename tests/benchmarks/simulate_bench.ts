/**
 * How long a simulated shop takes to be in a PostgreSQL server, beside the floor: the same bytes, ready in
 * memory, copied into tables like ours by the server's own COPY and nothing else. The figure of merit is the
 * ratio. `SHOPFLOW_TEST_CUSTOMERS` sets the size (100000 is the full one).
 */
import { productsFor, simulateShop } from "shopflow/simulation/mod.ts";
import { loadSourceTables } from "../../lib/sources/postgres/load.ts";
import { SOURCE_TABLES } from "shopflow/sources/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
// @ts-types="@types/pg"
import pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { from as copyFrom } from "pg-copy-streams";
import { withPostgresDatabase } from "../fixtures/postgres_database.ts";
import { TEST_POSTGRES_URL } from "../requirements.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 20_000);
const PARAMETERS = {
  customers: CUSTOMERS,
  products: productsFor(CUSTOMERS),
  seed: 42,
  until: "2024-12-31",
};
const group = `simulated shop of ${CUSTOMERS.toLocaleString("en-US")} customers`;
const ignore = TEST_POSTGRES_URL === "";
const once = { n: 3, warmup: 0 };

Deno.bench({
  name: "simulate and encode alone",
  group,
  ...once,
  fn() {
    for (const { csv } of simulateShop(PARAMETERS).tables) for (const _ of csv);
  },
});

Deno.bench({
  name: "simulate and load by COPY",
  group,
  ignore,
  ...once,
  async fn(b) {
    await withPostgresDatabase(async (url) => {
      b.start();
      await loadSourceTables(url, simulateShop(PARAMETERS).tables, { progress: silentProgress });
      b.end();
    });
  },
});

let encoded: { table: string; chunks: Uint8Array[] }[] | undefined;

Deno.bench({
  name: "COPY of the same bytes alone (floor)",
  group,
  ignore,
  baseline: true,
  ...once,
  async fn(b) {
    await withPostgresDatabase(async (url) => {
      encoded ??= simulateShop(PARAMETERS).tables.map(({ table, csv }) => ({ table, chunks: [...csv] }));
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      b.start();
      for (const { table, chunks } of encoded) {
        await client.query(`CREATE TABLE ${table} (${columnsOf(table)})`);
        await pipeline(
          Readable.from(chunks),
          client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT csv)`)),
        );
      }
      b.end();
      await client.end();
    });
  },
});

function columnsOf(table: string): string {
  const { columns } = SOURCE_TABLES.find(({ name }) => name === table)!;
  return columns.map(({ name, type }) => `${name} ${type}`).join(", ");
}
