import assert from "node:assert/strict";
import { openShop } from "shopflow/notebook/kernel.ts";
import { createChurnLake } from "../../../fixtures/churn_lake.ts";

Deno.test("a notebook gets the customers' features as of a date in one call, and again from the cache", async () => {
  await using lake = await createChurnLake({ customers: 200 });
  const before = Deno.env.get("SHOPFLOW_HOME");
  Deno.env.set("SHOPFLOW_HOME", lake.context.config.home);
  try {
    const shop = await openShop();
    const june = await shop.features("2024-06-01");
    const [first] = june.objects();
    assert.match(first!.customer_id, /^CUST\d{6}$/);
    assert.ok(first!.recency_days! <= 365);
    assert.ok(june.columnNames().includes("season_order_share"));
    const cached = await Array.fromAsync(
      Deno.readDir(`${lake.context.config.home}/cache/shopflow_features/${lake.snapshot}`),
    );
    assert.equal(cached.length, 1);
    assert.deepEqual((await (await openShop()).features("2024-06-01")).objects(), june.objects());
    assert.ok((await shop.features()).numRows() > 0, "as of the day after the last sale");
    await assert.rejects(shop.features("soon"), { name: "InputError", message: /Invalid as-of date/ });
    shop.session.close();
  } finally {
    if (before === undefined) Deno.env.delete("SHOPFLOW_HOME");
    else Deno.env.set("SHOPFLOW_HOME", before);
  }
});
