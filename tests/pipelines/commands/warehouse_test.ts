import { currentSnapshotId, readManifest } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { transform } from "../../../pipelines/steps/transform.ts";
import { planText, planTransform } from "../../../pipelines/commands/warehouse.ts";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { customer, line, smallShop } from "../../fixtures/small_shop.ts";
import { withLake, withTransformedShop } from "../built_shop.ts";

Deno.test("a plan says what transform then does, and changes nothing in the lake", () =>
  withTransformedShop(async (context) => {
    const { store } = context;
    const current = (await currentSnapshotId(store))!;
    assert.match(
      planText(await planTransform(context)),
      new RegExp(`changes no table of snapshot ${current}`),
    );

    const shop = smallShop();
    shop.customers[0]!.first_name = "Augusta";
    shop.customers.push(customer("CUST000005"));
    shop.orders.pop();
    shop.orders.push(line("ORD0000020", "CUST000001", "PROD00001", "2024-05-06", 5, 1));
    await writeRawShop(store, shop, { run: "20240602T000000Z" });
    const before = await store.list("");
    const plan = await planTransform(context);
    assert.deepEqual(await store.list(""), before);
    assert.equal(await currentSnapshotId(store), current);
    const { rows } = plan.tables.find(({ table }) => table === "dim_customers")!;
    assert.deepEqual(rows, { added: 1, removed: 0, changed: 1 });
    assert.equal(plan.codeChanged, false);
    assert.ok(plan.changedInputs.includes("customers"));
    assert.match(
      planText(plan),
      /replaces snapshot .*dim_customers +changed +7 → 8 .*Nothing was published/s,
    );
    assert.match(
      planText(plan),
      /^fact_orders: partitions 2024-05$/m,
    );

    await transform(context);
    const { tables } = await readManifest(store);
    for (const { table, rowsAfter, filesAdded } of plan.tables) {
      assert.equal(tables[table]!.rows, rowsAfter);
      for (const file of filesAdded) {
        assert.ok(tables[table]!.files.some(({ sha256 }) => sha256 === file.sha256));
      }
    }
  }));

Deno.test("the plan of a lake without a snapshot adds every table", () =>
  withLake(async (context) => {
    await writeRawShop(context.store, smallShop());
    const { tables, current } = await planTransform(context);
    assert.equal(current, undefined);
    assert.ok(tables.every(({ change }) => change === "added"));
    assert.equal(await currentSnapshotId(context.store), undefined);
  }));
