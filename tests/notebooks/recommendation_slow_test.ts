import assert from "node:assert/strict";
import { join } from "node:path";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { requireScores } from "shopflow/ml/registry/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

const scoreRecommendation = scoreModel(recommendationModel);
const trainRecommendation = trainModel(recommendationModel);

const NOTEBOOK = new URL("../../notebooks/recommendation.ipynb", import.meta.url).pathname;

Deno.test("the recommendation notebook compares with best sellers and shows what customers would see", async () => {
  await using lake = await createCuratedLake(groupedShop());
  await trainRecommendation(lake.context);
  await scoreRecommendation(lake.context);
  await Deno.writeTextFile(
    join(lake.context.config.home, "business.json"),
    '{ "recommendations": { "clickThrough": 0.02, "monthlyGoal": 5000 } }',
  );
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "backtest"), /recall@10.*best sellers/);
  for (const cell of ["curve", "tail"]) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "examples"), /we recommend.*P\d\d/);
  assert.match(outputOf(run, "money"), /page.*The goal of \*\*5,000\*\*/);

  // What customers would see is what the application answers with, of the same day.
  const { asOf, key, modelVersion } = await requireScores(lake.context.store, "recommendations");
  assert.equal(run.record.parameters.as_of, asOf);
  assert.match(
    outputOf(run, "examples"),
    new RegExp(`As of ${asOf}, customers of the tenth .*, by version ${modelVersion}`),
  );
  using session = await openSession();
  const table = `read_parquet(${sqlString(await lake.context.store.localPath(key))})`;
  const cells = [...outputOf(run, "examples").matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text!);
  const lists: Record<string, string[]> = {};
  // Every row names its customer, so that sorting keeps a customer's rows together.
  for (let i = 0; i < cells.length; i += 5) (lists[cells[i]!] ??= []).push(cells[i + 3]!);
  assert.equal(Object.keys(lists).length, 3);
  for (const [id, listed] of Object.entries(lists)) {
    const expected = await session.rows<{ product_id: string }>(
      `SELECT product_id FROM ${table} WHERE customer_id = $1 AND rank <= 5 ORDER BY rank`,
      [id],
    );
    assert.deepEqual(listed, expected.map(({ product_id }) => product_id), id);
  }
});

Deno.test("on a shop without events in which nobody came back it says what is missing", async () => {
  const shop = groupedShop();
  await using lake = await createCuratedLake({
    ...shop,
    fact_orders: (shop.fact_orders ?? []).filter(([order]) => String(order).endsWith("-0")),
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
    /customers with one order, since nobody has ordered twice, by the baseline baseline-[0-9a-f]{12}, which lists the best sellers for everybody, because no model is trained yet/,
  );
});
