import assert from "node:assert/strict";
import { join } from "node:path";
import { createLogger, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../../lib/sources/postgres/load.ts";
import { type RowSelection, SOURCE_TABLES, withPostgresSource } from "shopflow/sources/mod.ts";
import { placeEmptyPostgres } from "../../../fixtures/empty_postgres.ts";

const encoder = new TextEncoder();
const progress = silentProgress;
const log = createLogger(() => {});

async function withShop(body: (url: string, folder: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  const url = `pglite:${join(home, "postgres")}`;
  try {
    await placeEmptyPostgres(join(home, "postgres"));
    await Deno.mkdir(join(home, "copies"));
    await body(url, join(home, "copies"));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const inventory = (stock: number[]) => [{
  table: "inventory",
  csv: [encoder.encode(stock.map((level, i) => `P${i % 7},W${i},2024-01-01,${level},0,\n`).join(""))],
}];

const tableNamed = (name: string) => SOURCE_TABLES.find((table) => table.name === name)!;
const ORDERS = [
  `it's,,P,2024-01-01,1,1,0,`,
  `back\\slash,,P,2024-01-09,1,1,0,`,
  `,,P,2024-01-20,1,1,0,`,
  `it's,,Q,2024-01-31,1,2,0,`,
];

Deno.test("rows are chosen by time, or by their merge key", () =>
  withShop(async (url, folder) => {
    await loadSourceTables(url, [
      { table: "orders", csv: [encoder.encode(ORDERS.join("\n") + "\n")] },
      ...inventory([1, 2]),
    ], { progress });
    let copies = 0;
    await withPostgresSource(url, { log, progress }, async (source) => {
      const rows = async (selection: RowSelection, table = "orders") => {
        const { path } = await source.copy(tableNamed(table), join(folder, `${copies++}.csv`), selection);
        return (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "").sort();
      };
      assert.equal((await rows({})).length, 4);
      const since = { columns: ["order_date"], from: "2024-01-09 13:00:00.000" };
      assert.deepEqual((await rows({ since })).map((line) => line.split(",")[3]), [
        `"2024-01-09"`,
        `"2024-01-31"`,
        `"2024-01-20"`,
      ]);
      assert.deepEqual(await rows({ keys: [["it's"], ["nobody"]] }), [
        `"it's",,"P","2024-01-01","1.00","1","0.00",`,
        `"it's",,"Q","2024-01-31","1.00","2","0.00",`,
      ]);
      assert.equal(
        (await rows({ since, keys: [["it's"], ["nobody"]] })).length,
        4,
        "a row that meets both comes once",
      );
      assert.deepEqual(await rows({ keys: [["back\\slash"], [null]] }), [
        `"back\\slash",,"P","2024-01-09","1.00","1","0.00",`,
        `,,"P","2024-01-20","1.00","1","0.00",`,
      ]);
      assert.equal((await rows({ keys: [["P1", "W1", "2024-01-01"]] }, "inventory")).length, 1);
      assert.equal((await rows({ keys: [["P1", "W1", "2024-01-02"]] }, "inventory")).length, 0);
    });
  }));

Deno.test("a copy that cannot be written ends the extract with a message about the disk, not the database", () =>
  withShop(async (url, folder) => {
    // Enough rows that the database is still sending when the file fails.
    await loadSourceTables(url, inventory(Array.from({ length: 50_000 }, (_, i) => i)), { progress });
    await Deno.writeTextFile(join(folder, "inventory.csv"), "in the way");
    await assert.rejects(
      withPostgresSource(url, { log, progress }, async (source) => {
        await source.copy(tableNamed("inventory"), join(folder, "inventory.csv"), {});
      }),
      /inventory\.csv cannot be written: found .*exists.*SHOPFLOW_HOME/,
    );
    await loadSourceTables(url, inventory([1, 2]), { replace: true, progress });
  }));

Deno.test("columns beyond the contract are named, not copied", () =>
  withShop(async (url, folder) => {
    const { PGlite } = await import("@electric-sql/pglite");
    await loadSourceTables(url, inventory([1, 2]), { progress });
    const db = await PGlite.create(url.slice("pglite:".length));
    await db.exec("ALTER TABLE inventory ADD shelf text; ALTER TABLE orders ADD note text");
    await db.close();
    const lines: string[] = [];
    const noting = { log: createLogger((line) => lines.push(line)), progress };
    const copied = await withPostgresSource(
      url,
      noting,
      (source) => source.copy(tableNamed("inventory"), join(folder, "inventory.csv"), {}),
    );
    assert.deepEqual(lines, ["  columns that ShopFlow does not read: orders.note, inventory.shelf"]);
    assert.equal(copied.rows, 2);
  }));
