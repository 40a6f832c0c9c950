import { addDays } from "shopflow/ml/mod.ts";
import { loadRecommender, recommendationModel } from "shopflow/recommendation/mod.ts";
import { championCard, loadChampion, requireScores } from "shopflow/ml/registry/mod.ts";
import { inventoryModel } from "shopflow/inventory/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../lib/warehouse/session.ts";
import assert from "node:assert/strict";
import type { PipelineContext } from "../../pipelines/context.ts";
import type { CuratedRows } from "../fixtures/curated_shop.ts";
import { createCuratedLake, groupedShop, LAST_DAY } from "../fixtures/grouped_shop.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

const scoreInventory = scoreModel(inventoryModel);
const scoreRecommendation = scoreModel(recommendationModel);
const trainRecommendation = trainModel(recommendationModel);

async function withShop(rows: CuratedRows, body: (context: PipelineContext) => Promise<void>): Promise<void> {
  await using lake = await createCuratedLake(rows);
  await body(lake.context);
}

async function scoresOf({ store }: PipelineContext, name: string, query = "FROM scores"): Promise<Row[]> {
  using session = await openSession();
  const { key } = await requireScores(store, name);
  await session.run(`CREATE VIEW scores AS FROM read_parquet(${sqlString(await store.localPath(key))})`);
  return await session.rows(query);
}

Deno.test("training publishes a champion that beats popularity, and a second training is unchanged", () =>
  withShop(groupedShop(), async (context) => {
    assert.equal((await trainRecommendation(context)).status, "done");
    const card = (await championCard(context.store, "recommendation"))!;
    assert.equal(card.asOf, addDays(LAST_DAY, 1), "only data before this day");
    assert.equal(card.metrics.test_customers, 40);
    assert.ok(card.metrics.ndcg_at_10! > card.metrics.popularity_ndcg_at_10!, JSON.stringify(card.metrics));

    assert.equal((await trainRecommendation(context)).status, "unchanged");
    assert.equal((await trainRecommendation({ ...context, force: true })).status, "done");
    assert.equal((await championCard(context.store, "recommendation"))!.version, card.version);
    const { files } = await loadChampion(context.store, "recommendation");
    assert.equal(loadRecommender(files).popular(20).length, 12);
  }));

Deno.test("every customer gets ranked recommendations, with the purchase that speaks for each", () =>
  withShop(groupedShop(), async (context) => {
    await trainRecommendation(context);
    assert.equal((await scoreRecommendation(context)).status, "done");
    assert.equal((await requireScores(context.store, "recommendations")).asOf, addDays(LAST_DAY, 1));
    const rows = await scoresOf(
      context,
      "recommendations",
      "FROM scores WHERE customer_id = 'C1' ORDER BY rank",
    );
    assert.deepEqual(rows.map(({ rank }) => rank), Array.from({ length: 12 }, (_, i) => i + 1));
    // C1 buys in the second group.
    const personal = rows.filter(({ score }) => Number(score) > 0);
    assert.ok(personal.length >= 3 && personal.every(({ product_id }) => String(product_id) >= "P06"));
    const [customers] = await scoresOf(
      context,
      "recommendations",
      "SELECT count(DISTINCT customer_id) AS n FROM scores",
    );
    assert.equal(customers!.n, 40);
    const because = await scoresOf(
      context,
      "recommendations",
      "SELECT count(*) AS n FROM scores WHERE score > 0 AND because IS NULL",
    );
    assert.equal(because[0]!.n, 0);
    assert.equal((await scoreRecommendation(context)).status, "unchanged");
  }));

Deno.test("the inventory plan has a row for every product and warehouse, the most urgent first", () =>
  withShop(groupedShop(), async (context) => {
    assert.equal((await scoreInventory(context)).status, "done");
    const plan = await scoresOf(context, "inventory_plan", "FROM scores ORDER BY urgency");
    assert.equal(plan.length, 24);
    const { product_id, warehouse_id, as_of, stock_level, is_stockout, action, lead_time_days } = plan[0]!;
    assert.deepEqual(
      { product_id, warehouse_id, as_of, stock_level, is_stockout, action, lead_time_days },
      {
        product_id: "P00",
        warehouse_id: "WH-EU-CENTRAL",
        as_of: LAST_DAY,
        stock_level: 0,
        is_stockout: true,
        action: "order now",
        lead_time_days: 14,
      },
    );
    assert.ok(plan.every(({ stockout_risk }) => Number(stockout_risk) >= 0 && Number(stockout_risk) <= 1));
    assert.ok(plan.some(({ is_overstock }) => is_overstock));
    assert.equal((await scoreInventory(context)).status, "unchanged");
  }));

Deno.test("a shop without events and stock counts gets recommendations, and a plan that is empty and says so", () =>
  withShop(
    { ...groupedShop(), fact_events: [], fact_inventory_snapshots: [], dim_warehouses: [] },
    async (context) => {
      await trainRecommendation(context);
      await scoreRecommendation(context);
      assert.ok((await requireScores(context.store, "recommendations")).rows > 0);
      const { status, summary } = await scoreInventory(context);
      assert.equal(status, "done");
      assert.match(summary, /no stock counts/);
      assert.deepEqual(await scoresOf(context, "inventory_plan"), []);
      assert.equal((await scoreInventory(context)).status, "unchanged");
    },
  ));

Deno.test("training without a single sale says what to do", () =>
  withShop({ ...groupedShop(), fact_orders: [] }, async (context) => {
    await assert.rejects(trainRecommendation(context), {
      name: "ModelError",
      message: /no orders to learn from/,
    });
  }));

Deno.test("before training the baseline scores, and says so", () =>
  withShop(groupedShop(), async (context) => {
    const { summary } = await scoreRecommendation(context);
    assert.match(
      summary,
      /^by the baseline, since no model is trained yet; \d+ recommendations for 40 customers/,
    );
    assert.match((await requireScores(context.store, "recommendations")).modelVersion, /^baseline-/);
  }));
