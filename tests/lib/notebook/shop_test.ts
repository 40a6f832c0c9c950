import { currentSnapshotId, publishSnapshot, readManifest } from "shopflow/lake/mod.ts";
import { openShop } from "shopflow/notebook/kernel.ts";
import assert from "node:assert/strict";
import { publishSmallLake } from "./small_lake.ts";

Deno.test("a notebook sees the current snapshot, or an older one by its id or the beginning of it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_time_travel_" });
  const lake = Deno.env.get("SHOPFLOW_LAKE");
  Deno.env.set("SHOPFLOW_LAKE", folder);
  try {
    const store = await publishSmallLake(folder);
    const { id, createdAt: _, ...first } = await readManifest(store);
    // As if the orders had been withdrawn from the lake.
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
  } finally {
    if (lake === undefined) Deno.env.delete("SHOPFLOW_LAKE");
    else Deno.env.set("SHOPFLOW_LAKE", lake);
    await Deno.remove(folder, { recursive: true });
  }
});
