import { createHash } from "node:crypto";
import { join } from "node:path";
import { publishSnapshot, type SnapshotTable } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { sqlString } from "shopflow/warehouse/mod.ts";
import { CURATED_TABLES, type CuratedRows, openCuratedShop } from "../fixtures/curated_shop.ts";

/** Publishes a handmade shop as a snapshot. */
export async function publishCuratedShop(
  store: ObjectStore,
  rows: CuratedRows,
  at = new Date("2024-06-20T06:00:00Z"),
): Promise<string> {
  using session = await openCuratedShop(rows);
  const tables: Record<string, SnapshotTable> = {};
  for (const name of CURATED_TABLES) {
    const path = join(store.url, `${crypto.randomUUID()}.parquet`);
    await session.run(`COPY ${name} TO ${sqlString(path)} (FORMAT parquet)`);
    const body = await Deno.readFile(path);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
    await store.moveIn(key, path);
    tables[name] = { columns: [], rows: 0, files: [{ key, rows: 0, size: body.length, sha256 }] };
  }
  return (await publishSnapshot(store, { codeVersion: "test", inputs: {}, tables }, at)).id;
}
