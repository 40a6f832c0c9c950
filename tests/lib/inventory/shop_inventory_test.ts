import { planShopInventory } from "shopflow/inventory/mod.ts";
import { addDays } from "shopflow/ml/mod.ts";
import assert from "node:assert/strict";
import { openCuratedShop } from "../../fixtures/curated_shop.ts";

const LAST_DAY = "2024-05-31";

/** A shop that has sold one kettle a day for some days. */
function kettles(days: number) {
  return openCuratedShop({
    dim_customers: [["eva", "Germany"]],
    dim_products: [["kettle", "Kettle", "Home & Garden", 20, 10, false]],
    dim_warehouses: [["EU", "EU", "Europe"]],
    fact_orders: Array.from(
      { length: days },
      (_, i) => [`O${i}`, "kettle", "eva", addDays(LAST_DAY, -i), "sale", 1],
    ),
    fact_inventory_snapshots: [["kettle", "EU", LAST_DAY, 5, false]],
  });
}

for (const days of [30, 180, 400]) {
  Deno.test(`one piece a day for ${days} days is a demand of one a day`, async () => {
    using shop = await kettles(days);
    const { plan } = (await planShopInventory(shop))!;
    assert.equal(plan[0]!.demand.mean, 1);
    assert.equal(plan[0]!.action, "order now");
  });
}

Deno.test("a shop that has counted its stock and sold nothing yet orders nothing", async () => {
  using shop = await kettles(0);
  const { asOf, plan } = (await planShopInventory(shop))!;
  assert.equal(asOf, LAST_DAY);
  assert.deepEqual(plan.map(({ demand, action }) => [demand.mean, action]), [[0, "overstock"]]);
});
