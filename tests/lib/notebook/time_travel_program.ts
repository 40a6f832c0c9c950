/** Opens snapshots of the lake in `SHOPFLOW_LAKE` as a notebook does. */
import assert from "node:assert/strict";
import { currentSnapshotId, publishSnapshot, readManifest } from "shopflow/lake/mod.ts";
import { openShop } from "../../../lib/notebook/kernel.ts";
import { publishSmallLake } from "./small_lake.ts";

const store = await publishSmallLake(Deno.env.get("SHOPFLOW_LAKE") ?? "");
const { id, createdAt: _, ...first } = await readManifest(store);
// As if the orders had been removed from the lake.
const { dim_dates } = first.tables;
await publishSnapshot(store, { ...first, tables: { dim_dates: dim_dates! } }, new Date("2024-11-02"));

const today = await openShop();
assert.equal(today.snapshot, await currentSnapshotId(store));
await assert.rejects(today.sql("SELECT * FROM fact_orders"), { name: "WarehouseError" });
for (const snapshot of [id, id.slice(0, 6)]) {
  const then = await openShop({ snapshot });
  assert.equal(then.snapshot, id);
  assert.equal((await then.table("fact_orders")).numRows(), 120);
  then.session.close();
}
today.session.close();
await assert.rejects(openShop({ snapshot: "2024-11-01" }), {
  name: "LakeError",
  message: /no such snapshot: .*deno task lake snapshots/,
});
