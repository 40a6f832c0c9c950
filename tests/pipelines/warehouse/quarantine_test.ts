import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { quarantinedRuns } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { createLakeProgram } from "../../../pipelines/commands/lake.ts";
import { appendBatch } from "../../fixtures/raw_batches.ts";
import { customer, line, product } from "../../fixtures/small_shop.ts";
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
      message: /fact_orders: row_count_change failed for 1 row, e\.g\. \{"rows":3,"previous_rows":10\}/,
    });
    assert.equal(await currentSnapshotId(store), manifest.id);

    const [blocked] = await quarantinedRuns(store);
    assert.deepEqual(blocked!.tests.map(({ name, failures }) => [name, failures]), [
      ["fact_orders: row_count_change", 1],
    ]);
    const { run } = blocked!;
    const lake = async (...args: string[]) => {
      const printed: string[] = [];
      const program = createLakeProgram(() => context, (text) => printed.push(text));
      await program.parseAsync(["quarantine", ...args], { from: "user" });
      return printed.join("\n");
    };
    const test = "fact_orders: row_count_change";
    assert.match(await lake(), /fact_orders: row_count_change/);
    assert.match(await lake(run, test), /^rows +previous_rows$[^]*^ +3 +10$[^]*^1 row$/m);
    const query = ["--query", "SELECT previous_rows FROM failing_rows"];
    assert.equal(await lake(run, test, ...query, "--csv"), "previous_rows\n10");
    assert.deepEqual(JSON.parse(await lake(run, test, ...query, "--json")), [{ previous_rows: 10 }]);
    await assert.rejects(lake(run, test, "--query", "COPY failing_rows TO 'rows.csv'"), {
      message: /^Only queries can be run here/,
    });
    await assert.rejects(lake(run, "nonsense"), {
      name: "LakeError",
      message: /expected one of "fact_orders: row_count_change", found "nonsense"/,
    });
    await assert.rejects(lake("run0"), {
      name: "LakeError",
      message: new RegExp(`The quarantine has no such run: expected ${run}, found "run0"`),
    });
  });
});

/** Thirty members of a dimension on one day, of which the first `gone` are deleted on the next. */
async function deleted(store: ObjectStore, table: "customers" | "products", gone: number, of = 30) {
  const member = table === "customers" ? customer : product;
  const members = Array.from({ length: of }, (_, i) => member(`M${i}`));
  const first = await appendBatch(store, {}, {
    run: "run1",
    extractedAt: "2024-06-01 06:00:00",
    rows: { [table]: members, orders: ORDERS },
  });
  const { manifest } = await build(store, first);
  const inputs = await appendBatch(store, first, {
    run: "run2",
    extractedAt: "2024-06-02 06:00:00",
    rows: { [table]: members.slice(0, gone).map((row) => ({ ...row, _deleted: true })) },
  });
  return { inputs, manifest };
}

for (const table of ["customers", "products"] as const) {
  Deno.test(`${table} of which most are deleted at once are not published, nor after the next change`, async () => {
    await withLake(async ({ store }) => {
      const { inputs, manifest } = await deleted(store, table, 16);
      const refusal = {
        name: "DataTestError",
        message: new RegExp(
          `dim_${table}: members_deleted_at_once failed for 1 row, e\\.g\\. \\{"members":14,"previous_members":30\\}`,
        ),
      };
      await assert.rejects(build(store, inputs, manifest), refusal);
      const change = table === "customers"
        ? { customers: [customer("M29", { city: "York" })] }
        : { products: [product("M29", { price: 11 })] };
      const changed = { run: "run3", extractedAt: "2024-06-03 06:00:00", rows: change };
      await assert.rejects(build(store, await appendBatch(store, inputs, changed), manifest), refusal);
      assert.equal(await currentSnapshotId(store), manifest.id);
    });
  });
}

Deno.test("half of the members, and most of a few, may be deleted at once", async () => {
  for (const [gone, of] of [[15, 30], [18, 19]] as const) {
    await withLake(async ({ store }) => {
      const { inputs, manifest } = await deleted(store, "customers", gone, of);
      const published = (await build(store, inputs, manifest)).manifest;
      assert.equal(await currentSnapshotId(store), published.id);
    });
  }
});

Deno.test("a lake that no data test ever blocked has an empty quarantine", async () => {
  await withLake(async ({ store }) => {
    assert.deepEqual(await quarantinedRuns(store), []);
  });
});
