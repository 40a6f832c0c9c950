import { simulateShop } from "shopflow/simulation/mod.ts";
import assert from "node:assert/strict";

Deno.test("the README asks about a customer of the demo's shop who has a score", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const ids = new Set(readme.match(/CUST\d{6}/g));
  const shop = simulateShop({ customers: 5000, products: 250, seed: 42, until: "2024-12-31" });
  const orders = shop.tables.find(({ table }) => table === "orders")!;
  const recent = new Set<string>();
  for (const chunk of orders.csv) {
    for (const line of new TextDecoder().decode(chunk).split("\n")) {
      const found = line.match(/(CUST\d{6}).*(2024-\d{2}-\d{2}),\d/);
      if (found && found[2]! >= "2024-01-02") recent.add(found[1]!);
    }
  }
  assert.ok(recent.size > 1000 && recent.size < 4000, `${recent.size} customers ordered within a year`);
  assert.deepEqual([...ids].filter((id) => !recent.has(id)), []);
});
