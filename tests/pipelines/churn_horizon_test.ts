import assert from "node:assert/strict";
import { churnModel, churnModelOf, playbookOf } from "shopflow/churn/mod.ts";
import { championCard, loadChampion, requireScores } from "shopflow/ml/registry/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { createClient } from "../server/api_client.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

Deno.test("horizons do not mix: a version, its scores and answers keep their own", async (t) => {
  await using lake = await createChurnLake({ customers: 1000 });
  const { context } = lake;
  const { store } = context;
  const month = churnModelOf({ playbook: playbookOf(), horizonDays: 30, trials: 1 });

  await t.step("a model of 30 days is trained on 30 days of outcomes, and says so", async () => {
    assert.match((await trainModel(month)(context)).summary, /30 days ahead, tested on \d+ active customers/);
    const { card, files } = await loadChampion(store, "churn");
    assert.equal(card.parameters.horizonDays, 30);
    assert.equal(card.asOf, "2024-12-02", "the last day whose 30 days are known");
    assert.equal(JSON.parse(new TextDecoder().decode(files["churn.json"])).horizonDays, 30);
    assert.ok(card.metrics.churn_rate! > 0.2 && card.metrics.churn_rate! < 0.8);
  });

  await t.step("a version of another horizon is not compared with it, and waits for a person", async () => {
    const { summary } = await trainModel(churnModel)(context);
    assert.match(
      summary,
      /waits for approval: the champion cannot be compared \(it looks 30 days ahead, the new version 90/,
    );
    assert.equal((await championCard(store, "churn"))!.parameters.horizonDays, 30);
  });

  await t.step("scores are those of the champion's horizon, whatever the setting is now", async () => {
    await scoreModel(churnModel)(context);
    using session = await openSession();
    const { key } = await requireScores(store, "churn");
    const [rows] = await session.rows(
      `SELECT min(horizon_days) AS least, max(horizon_days) AS most, min(customer_id) AS customer
       FROM read_parquet(${sqlString(await store.localPath(key))})`,
    );
    assert.deepEqual([rows!.least, rows!.most], [30, 30]);
    const { post } = createClient(store);
    for (
      const body of [{ customer_id: rows!.customer }, { features: { recency_days: 20, order_count: 4 } }]
    ) {
      assert.equal((await (await post("/predict/churn", body)).json()).horizon_days, 30);
    }
  });
});
