import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../../lib/sources/postgres/load.ts";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { withPostgresDatabase } from "../../../fixtures/postgres_database.ts";
import { testWith } from "../../../requirements.ts";

const csv = (...rows: string[]) => [new TextEncoder().encode(rows.map((row) => row + "\n").join(""))];
const inventory = csv("P1,WH-US-EAST,2024-01-01,5,3,2024-01-01 10:00:00");
const progress = silentProgress;

async function withDatabase(body: (url: string, folder: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await body(`pglite:${join(home, "shop", "postgres")}`, join(home, "shop", "postgres"));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function read(folder: string, sql: string): Promise<unknown[]> {
  const db = await PGlite.create(folder);
  const { rows } = await db.query(sql);
  await db.close();
  return rows;
}

Deno.test("source tables are loaded once, kept from overwriting, and replaced whole or not at all", () =>
  withDatabase(async (url, folder) => {
    const orders = csv(`O1,,P1,2024-01-02,10.50,2,0,`, `O1,"",P1,2024-01-02,10.50,2,0,"a, ""b""\nc"`);
    const rows = await loadSourceTables(url, [{ table: "orders", csv: orders }, {
      table: "inventory",
      csv: inventory,
    }], { progress });
    assert.deepEqual(rows, { customers: 0, products: 0, orders: 2, events: 0, inventory: 1 });
    const loaded =
      "SELECT customer_id, payment_method, order_amount::text FROM orders ORDER BY 1 NULLS FIRST";
    const expected = [
      { customer_id: null, payment_method: null, order_amount: "10.50" },
      { customer_id: "", payment_method: 'a, "b"\nc', order_amount: "10.50" },
    ];
    assert.deepEqual(await read(folder, loaded), expected);

    await assert.rejects(
      loadSourceTables(url, [], { progress }),
      (error) =>
        error instanceof SourceError && /orders in .* holds rows already.*--replace/.test(error.message),
    );
    await assert.rejects(
      loadSourceTables(url, [{ table: "customers", csv: csv("too,few") }], { replace: true, progress }),
      (error) =>
        error instanceof SourceError && /cannot be loaded.*missing data for column/.test(error.message),
    );
    assert.deepEqual(await read(folder, loaded), expected, "a failed replacement leaves the old rows");

    const replaced = await loadSourceTables(url, [], { replace: true, progress });
    assert.equal(replaced.orders, 0);
    assert.deepEqual(await read(folder, loaded), []);
    const keys = await read(
      folder,
      `SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'p'
         AND connamespace = 'public'::regnamespace ORDER BY 1`,
    );
    assert.deepEqual(keys.map((key) => (key as { name: string }).name), [
      "customers",
      "events",
      "inventory",
      "products",
    ]);
  }));

testWith(
  ["postgres"],
  "a table that another program made is never dropped, empty or not, with --replace or without",
  () =>
    withPostgresDatabase(async (url) => {
      const client = new pg.Client(url);
      await client.connect();
      try {
        await client.query("CREATE TABLE orders (theirs text); CREATE VIEW customers AS SELECT 1 AS one");
        const loading = (replace: boolean) => loadSourceTables(url, [], { replace, progress });
        for (const replace of [false, true]) {
          await assert.rejects(loading(replace), /Table customers in .* was not made by ShopFlow/);
        }
        await client.query("DROP VIEW customers; INSERT INTO orders VALUES ('a row of theirs')");
        await assert.rejects(loading(true), /Table orders in .* was not made by ShopFlow.*drop the table/);
        assert.deepEqual((await client.query("SELECT * FROM orders")).rows, [{ theirs: "a row of theirs" }]);
        await client.query("DROP TABLE orders");
        await loading(false);
        await loading(true);
      } finally {
        await client.end();
      }
    }),
);

Deno.test("a second program cannot open the embedded database while one has it", () =>
  withDatabase(async (url) => {
    const slow = async function* () {
      yield* inventory;
      await assert.rejects(loadSourceTables(url, [], { progress }), /is open in another program/);
    };
    await loadSourceTables(url, [{ table: "inventory", csv: slow() }], { progress });
  }));
