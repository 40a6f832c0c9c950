import { currentSnapshotId } from "shopflow/lake/mod.ts";
import { quarantinedRows, quarantinedRuns } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { createLakeProgram } from "../../../pipelines/lake.ts";
import { appendBatch } from "../../fixtures/raw_batches.ts";
import { line } from "../../fixtures/small_shop.ts";
import { withLake } from "../built_shop.ts";
import { build } from "./batch_builds.ts";

const ORDERS = Array.from(
  { length: 10 },
  (_, i) => line(`O${i}`, "C1", "P1", `2024-0${1 + i % 5}-20`, 10, 1),
);

Deno.test("a table that lost most of its rows is not published, and the rows that say so can be queried", async () => {
  await withLake(async (context) => {
    const { store } = context;
    const day1 = { run: "run1", extractedAt: "2024-06-01 06:00:00", rows: { orders: ORDERS } };
    const first = await appendBatch(store, {}, day1);
    const { manifest } = await build(store, first);
    const gone = ORDERS.slice(3).map((order) => ({ ...order, _deleted: true }));
    const second = await appendBatch(store, first, {
      run: "run2",
      extractedAt: "2024-06-02 06:00:00",
      rows: { orders: gone },
    });
    await assert.rejects(build(store, second, manifest), {
      name: "DataTestError",
      message: /fact_orders: row_count_change failed for 1 row, e\.g\. \{"rows":3,"former_rows":10\}/,
    });
    assert.equal(await currentSnapshotId(store), manifest.id);

    const [blocked] = await quarantinedRuns(store);
    assert.deepEqual(blocked!.tests.map(({ name, failures }) => [name, failures]), [
      ["fact_orders: row_count_change", 1],
    ]);
    const { run } = blocked!;
    assert.deepEqual(
      await quarantinedRows(
        store,
        run,
        "fact_orders: row_count_change",
        "SELECT former_rows FROM failing_rows",
      ),
      [{ former_rows: 10 }],
    );
    const printed: string[] = [];
    const program = createLakeProgram(() => context, (text) => printed.push(text));
    await program.parseAsync(["quarantine"], { from: "user" });
    await program.parseAsync(["quarantine", run, "fact_orders: row_count_change"], { from: "user" });
    assert.match(printed[0]!, /fact_orders: row_count_change/);
    assert.match(printed[1]!, /former_rows[^]*3\s+10/);
    await assert.rejects(quarantinedRows(store, run, "nonsense"), {
      name: "LakeError",
      message: /expected one of "fact_orders: row_count_change", found "nonsense"/,
    });
    await assert.rejects(program.parseAsync(["quarantine", "run0"], { from: "user" }), {
      name: "LakeError",
      message: new RegExp(`The quarantine has no such run: expected ${run}, found "run0"`),
    });
  });
});

Deno.test("a lake that no data test ever blocked has an empty quarantine", async () => {
  await withLake(async ({ store }) => {
    assert.deepEqual(await quarantinedRuns(store), []);
  });
});
