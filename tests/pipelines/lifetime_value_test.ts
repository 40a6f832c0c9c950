import { lifetimeValueModel } from "shopflow/lifetime_value/mod.ts";
import { readEvidence } from "shopflow/ml/card/mod.ts";
import {
  championCard,
  championVersion,
  listVersions,
  loadModelVersion,
  promoteVersion,
  requireScores,
  scoresPath,
} from "shopflow/ml/registry/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import type { PipelineContext } from "../../pipelines/context.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { createClient } from "../server/api_client.ts";

const train = trainModel(lifetimeValueModel), score = scoreModel(lifetimeValueModel);

/** What SQL says of the current scores, read as the view `scores`. */
async function scoresOf<T extends Record<string, string | number | null>>(
  { store }: PipelineContext,
  query: string,
): Promise<T[]> {
  using session = await openSession();
  const path = await scoresPath(store, await requireScores(store, "lifetime_value"));
  await session.run(`CREATE VIEW scores AS FROM read_parquet(${sqlString(path)})`);
  return await session.rows<T>(query);
}

Deno.test("a model that beats its baseline on the last third scores every customer, and the API answers", async () => {
  await using lake = await createChurnLake({});
  const { context } = lake;
  const { store } = context;
  assert.equal((await train(context)).status, "done");
  const card = (await championCard(store, "lifetime_value"))!;
  assert.equal(card.asOf, "2025-01-01");
  assert.deepEqual(card.parameters.holdout, { asOf: "2024-05-03", days: 243 });
  assert.ok(card.metrics.rmse! < card.metrics.baseline_rmse!, JSON.stringify(card.metrics));
  assert.ok(card.metrics.rmse! < card.metrics.pooled_mean_rmse!);
  const { files } = await loadModelVersion(store, "lifetime_value", card.version);
  assert.match(
    readEvidence(files)!.data.join("\n"),
    /on the 243 days.*look 365 days ahead, farther than could be/s,
  );
  assert.equal((await train(context)).status, "unchanged");
  assert.equal((await train({ ...context, force: true })).status, "done");
  assert.equal(await championVersion(store, "lifetime_value"), card.version, "the same bytes");

  assert.equal((await score(context)).status, "done");
  const [all] = await scoresOf(
    context,
    `SELECT count(*) AS customers, min(alive_probability) AS least, max(alive_probability) AS most,
       count(*) FILTER (expected_value_low > expected_value OR expected_value > expected_value_high) AS outside,
       count(*) FILTER (abs(expected_value - expected_purchases * expected_amount) > 1e-6 * expected_value) AS other,
       count(*) FILTER (recency_days > observed_days OR frequency < 0) AS impossible
     FROM scores`,
  );
  const { customers, least, most, ...wrong } = all!;
  assert.equal(customers, 600);
  assert.ok(Number(least) >= 0 && Number(most) <= 1);
  assert.deepEqual(wrong, { outside: 0, other: 0, impossible: 0 });

  const { get } = createClient(store);
  const [scored] = await scoresOf<Record<string, number>>(
    context,
    "FROM scores WHERE customer_id = 'CUST000001'",
  );
  const year = await (await get("/lifetime_value/CUST000001")).json();
  assert.equal(year.horizon_days, 365);
  assert.equal(year.model_version, card.version);
  assert.ok(Math.abs(year.expected_value / scored!.expected_value! - 1) < 1e-5);
  assert.deepEqual(
    year.expected_value_interval.map(Math.round),
    [scored!.expected_value_low!, scored!.expected_value_high!].map(Math.round),
  );
  const decade = await (await get("/lifetime_value/CUST000001?days=3650")).json();
  assert.ok(decade.expected_purchases > year.expected_purchases);
  assert.equal(decade.alive_probability, year.alive_probability);
  const unknown = await get("/lifetime_value/NOBODY");
  assert.equal(unknown.status, 404);
  assert.equal((await unknown.json()).error.code, "customer_not_scored");
  for (const days of ["0", "1.5", "many", "99999"]) {
    const refused = await get(`/lifetime_value/CUST000001?days=${days}`);
    assert.equal(refused.status, 400);
    assert.match((await refused.json()).error.expected, /whole number from 1 to 3650/);
  }
});

Deno.test("a later version is compared on the champion's own test period, a rolled back one not", async () => {
  await using lake = await createChurnLake({});
  const { context } = lake;
  await train(context);
  const first = (await championVersion(context.store, "lifetime_value"))!;
  // The same method under another version: as measured it is exactly as good.
  const again = trainModel({
    ...lifetimeValueModel,
    parameters: { ...lifetimeValueModel.parameters, of: "later" },
  });
  assert.equal((await again(context)).status, "done");
  const second = (await championVersion(context.store, "lifetime_value"))!;
  assert.notEqual(second, first);
  const versions = await listVersions(context.store, "lifetime_value");
  const { decision } = versions.find(({ card }) => card.version === second)!;
  assert.equal(decision?.outcome, "promoted");
  assert.match(decision!.reason, /no worse than the champion/);
  const against = decision!.metrics.find(({ champion }) => champion !== undefined)!;
  assert.match(against.name, /^RMSE of \d+ customers in the 243 days from 2024-05-03$/);
  assert.equal(against.challenger, against.champion);
  await promoteVersion(context.store, "lifetime_value", first);
});

Deno.test("too short a history leaves the baseline, which scores without P(alive) or intervals", async () => {
  await using lake = await createChurnLake({ days: 60 });
  const { context } = lake;
  const trained = await train(context);
  assert.equal(trained.status, "unchanged");
  assert.match(trained.summary, /not trained, the baseline serves.*at least 84 days of orders/s);
  assert.equal((await score(context)).status, "done");
  const [all] = await scoresOf(
    context,
    `SELECT count(*) > 0 AS scored, count(alive_probability) AS alive, count(expected_value_low) AS intervals,
       count(*) FILTER (expected_purchases >= 0) = count(*) AS known FROM scores`,
  );
  assert.deepEqual(all, { scored: true, alive: 0, intervals: 0, known: true });
  const { get } = createClient(context.store);
  const [{ customer_id } = {}] = await scoresOf(context, "SELECT customer_id FROM scores ORDER BY 1 LIMIT 1");
  const [year, half] = await Promise.all(
    ["", "?days=73"].map(async (query) => await (await get(`/lifetime_value/${customer_id}${query}`)).json()),
  );
  assert.equal(year.model_kind, "baseline");
  assert.deepEqual([year.alive_probability, year.expected_value_interval], [null, null]);
  assert.ok(Math.abs(half.expected_purchases / year.expected_purchases - 0.2) < 1e-4);
});
