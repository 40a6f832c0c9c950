import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/mod.ts";
import { join } from "node:path";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";

const NOTEBOOK = join(import.meta.dirname!, "..", "..", "notebooks", "inventory.ipynb");
const CHARTS = ["rates", "history", "risk", "cover", "tied", "service"];

Deno.test("the inventory notebook shows what to order and what lies on shelves", async () => {
  await using lake = await createCuratedLake(groupedShop());
  const run = await runNotebook(NOTEBOOK, lake.context, { parameters: { service_level: 0.9 } });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  for (const cell of CHARTS) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "plan"), /P00.*EU-CENTRAL/);
  assert.match(outputOf(run, "service-text"), /At \*\*90\.0 %\*\*/);
});

Deno.test("on a shop that counts no stock it says so instead of drawing", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    fact_inventory_snapshots: [],
    dim_warehouses: [],
  });
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "setup"), /no inventory rows/);
  for (const cell of CHARTS) assert.match(outputOf(run, cell), /counts no stock/, cell);
});
