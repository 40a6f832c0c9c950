import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/mod.ts";
import { join } from "node:path";
import { scoreRecommendation } from "../../pipelines/score/recommendation.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";

const NOTEBOOK = join(import.meta.dirname!, "..", "..", "notebooks", "recommendation.ipynb");

Deno.test("the recommendation notebook compares with best sellers and shows what customers would see", async () => {
  await using lake = await createCuratedLake(groupedShop());
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "backtest"), /recall@10.*best sellers/);
  for (const cell of ["curve", "tail"]) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "examples"), /we recommend.*P\d\d/);
  assert.match(outputOf(run, "money"), /page/);
});

Deno.test("on a shop without events in which nobody came back it says what is missing", async () => {
  const shop = groupedShop();
  await using lake = await createCuratedLake({
    ...shop,
    fact_orders: shop.fact_orders!.filter(([order]) => String(order).endsWith("-0")),
    fact_events: [],
  });
  await scoreRecommendation(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "setup"), /no events/);
  assert.match(outputOf(run, "curve"), /nobody|no customer ordered on two days/);
  assert.match(outputOf(run, "money"), /Without page views/);
  assert.match(
    outputOf(run, "examples"),
    /serve the baseline, the best sellers, instead: no model is trained yet/,
  );
});
