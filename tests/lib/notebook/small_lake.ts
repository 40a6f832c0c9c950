import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { publishSnapshot, type SnapshotTable } from "shopflow/lake/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";

/** What the notebooks of these tests read: 120 days of orders, one a day, and their dates. */
const TABLES: Record<string, string> = {
  fact_orders: `SELECT 'O' || i AS order_id, DATE '2024-07-01' + i::INTEGER AS order_date,
    (100 + 10 * (i % 7))::DECIMAL(12,2) AS net_amount, 'sale' AS line_type, 'CUST-' || i % 9 AS customer_id FROM range(0, 120) AS t(i)`,
  dim_dates: `SELECT DATE '2024-07-01' + i::INTEGER AS date FROM range(0, 150) AS t(i)`,
};

/** Publishes a lake with two small tables in `folder`. */
export async function publishSmallLake(folder: string): Promise<ObjectStore> {
  const store = createDirectoryStore(folder);
  using session = await openSession();
  const tables: Record<string, SnapshotTable> = {};
  for (const [name, query] of Object.entries(TABLES)) {
    const path = join(folder, `${name}.parquet`);
    await session.run(`COPY (${query}) TO ${sqlString(path)} (FORMAT parquet)`);
    const body = await Deno.readFile(path);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const [{ rows }] = await session.rows<{ rows: number }>(`SELECT count(*) AS rows FROM (${query})`) as [
      { rows: number },
    ];
    const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
    await store.moveIn(key, path);
    tables[name] = { columns: [], rows, files: [{ key, rows, size: body.length, sha256 }] };
  }
  await publishSnapshot(store, { codeVersion: "test", inputs: {}, tables }, new Date("2024-11-01T00:00:00Z"));
  return store;
}
