import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { publishSnapshot, type TableFile } from "shopflow/lake/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { lastOrderDay, openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { withTemporaryFolder } from "../notebook/temporary_folder.ts";

/** A file of orders in the store. */
async function ordersFile(
  store: ObjectStore,
  folder: string,
  rows: string,
  partition?: string,
): Promise<TableFile> {
  const path = join(folder, "orders.parquet");
  using session = await openSession();
  await session.run(
    `COPY (SELECT * FROM (VALUES ${rows}) AS t(order_date, line_type)) TO ${
      sqlString(path)
    } (FORMAT parquet)`,
  );
  const body = await Deno.readFile(path);
  const sha256 = createHash("sha256").update(body).digest("hex");
  const key = `curated/fact_orders/${sha256.slice(0, 16)}.parquet`;
  await store.moveIn(key, path);
  return { key, rows: 1, size: body.length, sha256, ...(partition && { partition }) };
}

async function publishOrders(store: ObjectStore, files: TableFile[]): Promise<string> {
  const tables = { fact_orders: { columns: [], rows: 1, files } };
  return (await publishSnapshot(store, { codeVersion: "t", inputs: {}, tables }, new Date())).id;
}

Deno.test("the newest sale is found in the last month that has one, without reading the others", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const files = [
      await ordersFile(store, folder, "(DATE '2024-01-05', 'sale')", "2024-01"),
      await ordersFile(
        store,
        folder,
        "(DATE '2024-02-27', 'sale'), (DATE '2024-02-28', 'return')",
        "2024-02",
      ),
      await ordersFile(store, folder, "(DATE '2024-03-09', 'return')", "2024-03"),
    ];
    const id = await publishOrders(store, files);
    await Deno.remove(join(folder, files[0]!.key));
    assert.equal(await lastOrderDay(store, id), "2024-02-27");
  });
});

Deno.test("a table in one file is read whole; without sales or orders there is no day", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const whole = await ordersFile(store, folder, "(DATE '2024-01-05', 'sale'), (DATE '2024-01-07', 'sale')");
    assert.equal(await lastOrderDay(store, await publishOrders(store, [whole])), "2024-01-07");
    const returns = await ordersFile(store, folder, "(DATE '2024-01-05', 'return')");
    assert.equal(await lastOrderDay(store, await publishOrders(store, [returns])), undefined);
    const empty = await publishSnapshot(store, { codeVersion: "t", inputs: {}, tables: {} }, new Date());
    assert.equal(await lastOrderDay(store, empty.id), undefined);
  });
});
