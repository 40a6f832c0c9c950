import assert from "node:assert/strict";
import { join } from "node:path";
import { createLogger, silentProgress } from "shopflow/runtime/mod.ts";
import { copySourceTables, loadSourceTables } from "shopflow/sources/mod.ts";
import { placeEmptyPostgres } from "../../fixtures/empty_postgres.ts";

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

Deno.test("equal rows give equal bytes in whatever order the database holds them", () =>
  withShop(async (url, folder) => {
    const rows = ["b,,P,2024-01-01,1,1,0,", "B,,P,2024-01-01,1,1,0,", "b,,P,2024-01-01,1,2,0,"];
    const copies = [];
    for (const [i, order] of [rows, rows.toReversed()].entries()) {
      const csv = [encoder.encode(order.join("\n") + "\n")];
      await loadSourceTables(url, [{ table: "orders", csv }], { replace: true, progress });
      await Deno.mkdir(join(folder, String(i)));
      copies.push(
        (await copySourceTables(url, join(folder, String(i)), { log, progress })).find(({ name }) =>
          name === "orders"
        )!,
      );
    }
    assert.equal(copies[0]!.contentSha256, copies[1]!.contentSha256);
    assert.equal(copies[0]!.rows, 3);
    assert.equal(
      await Deno.readTextFile(copies[0]!.path),
      `"B",,"P","2024-01-01","1.00","1","0.00",\n` +
        `"b",,"P","2024-01-01","1.00","1","0.00",\n` +
        `"b",,"P","2024-01-01","1.00","2","0.00",\n`,
    );
  }));

Deno.test("a copy that cannot be written ends the extract with a message about the disk, not the database", () =>
  withShop(async (url, folder) => {
    // Enough rows that the database is still sending when the file fails.
    await loadSourceTables(url, inventory(Array.from({ length: 50_000 }, (_, i) => i)), { progress });
    await Deno.writeTextFile(join(folder, "inventory.csv"), "in the way");
    await assert.rejects(
      copySourceTables(url, folder, { log, progress }),
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
    const copied = await copySourceTables(url, folder, {
      log: createLogger((line) => lines.push(line)),
      progress,
    });
    assert.deepEqual(lines, ["  columns that ShopFlow does not read: orders.note, inventory.shelf"]);
    assert.equal(copied.find(({ name }) => name === "inventory")!.rows, 2);
  }));
