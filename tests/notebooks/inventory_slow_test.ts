import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { requireScores } from "shopflow/ml/registry/mod.ts";
import { inventoryModel } from "shopflow/inventory/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";

const scoreInventory = scoreModel(inventoryModel);

const NOTEBOOK = new URL("../../notebooks/inventory.ipynb", import.meta.url).pathname;
const CHARTS = ["rates", "history", "risk", "cover", "tied", "service"];

Deno.test("the inventory notebook shows what to order and what lies on shelves", async () => {
  await using lake = await createCuratedLake(groupedShop());
  await scoreInventory(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, { parameters: { service_level: 0.9 } });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  for (const cell of CHARTS) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "plan"), /P00.*EU-CENTRAL/);
  assert.match(outputOf(run, "service-text"), /At \*\*90\.0 %\*\*/);
  assert.match(
    outputOf(run, "served"),
    /plan, as of .* differs .* not made with the parameters of this report/,
  );
});

Deno.test("the orders of the inventory notebook are those of the published plan, with its date", async () => {
  await using lake = await createCuratedLake(groupedShop());
  await scoreInventory(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  const { asOf, key } = await requireScores(lake.context.store, "inventory_plan");
  assert.match(outputOf(run, "served"), new RegExp(`answers with the same plan, as of ${asOf}`));
  assert.match(outputOf(run, "plan"), new RegExp(`As of ${asOf}: `));
  using session = await openSession();
  const expected = await session.rows<{ stock_level: number; order_quantity: number }>(
    `SELECT stock_level, order_quantity FROM read_parquet(${
      sqlString(await lake.context.store.localPath(key))
    }) WHERE action = 'order now' ORDER BY urgency LIMIT 15`,
  );
  const rows = [...outputOf(run, "plan").matchAll(/<tr>(.*?)<\/tr>/g)].slice(1).map(([, row]) =>
    [...row!.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => Number(text!.replaceAll(",", "")))
  );
  assert.ok(rows.length > 0);
  assert.deepEqual(
    rows.map(([, , stock, , order]) => [stock, order]),
    expected.map(({ stock_level, order_quantity }) => [stock_level, order_quantity]),
  );
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

Deno.test("amounts of goods whose price, or cost and price, are not known are unknown and not 0", async () => {
  const shop = groupedShop();
  const shownWith = async (price: number | null, cost: number | null) => {
    const products = shop.dim_products!.map((row) => [...row.slice(0, 3), price, cost, false]);
    await using lake = await createCuratedLake({ ...shop, dim_products: products });
    const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
    assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
    return (cell: string) => outputOf(run, cell);
  };
  const unpriced = await shownWith(null, 5);
  assert.match(unpriced("setup"), /24 of 24 positions have a known cost and no known price/);
  assert.match(unpriced("headline"), /sales at risk: – .*money in overstock: 19,446 \(of 19,800 in stock\)/);
  assert.match(unpriced("service"), /is unknown: no product with a known price was sold/);
  assert.doesNotMatch(unpriced("service-text"), /margin/);
  const unknown = await shownWith(null, null);
  assert.match(unknown("setup"), /24 of 24 positions have neither a known cost nor a known price/);
  assert.match(
    unknown("headline"),
    /cost of those orders: – .*sales at risk: – .*money in overstock: – \(of – in stock\)/,
  );
});
