import { simulateShop } from "shopflow/simulation/mod.ts";
import assert from "node:assert/strict";

for (const until of ["2024-12-31", "2026-11-29", "2027-03-31", "2027-07-15", "2027-09-09"]) {
  Deno.test(`the README asks about a customer who has a score in a demo that ends on ${until}`, async () => {
    const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
    const ids = new Set(readme.match(/CUST\d{6}/g));
    assert.equal(ids.size, 1);
    const shop = simulateShop({ customers: 5000, products: 250, seed: 42, until });
    const yearBefore = Temporal.PlainDate.from(until).subtract({ days: 363 }).toString();
    const orders = shop.tables.find(({ table }) => table === "orders")!;
    const recent = new Set<string>();
    for (const chunk of orders.csv) {
      for (const line of new TextDecoder().decode(chunk).split("\n")) {
        const found = line.match(/(CUST\d{6}).*(\d{4}-\d{2}-\d{2}),\d/);
        if (found && found[2]! >= yearBefore) recent.add(found[1]!);
      }
    }
    assert.ok(recent.size > 1000 && recent.size < 4000, `${recent.size} customers ordered within a year`);
    assert.deepEqual([...ids].filter((id) => !recent.has(id)), []);
  });
}
