import { recommenderFiles } from "../../lib/recommendation/files.ts";
import { readRecommenderData, recommendationModel, trainRecommender } from "shopflow/recommendation/mod.ts";
import { addDays } from "shopflow/ml/mod.ts";
import type { MetricComparison } from "shopflow/ml/evaluation/mod.ts";
import {
  championCard,
  championVersion,
  promoteVersion,
  promotionDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import type { Pipeline, PipelineContext } from "../../pipelines/context.ts";
import { CURATED_TABLES, type CuratedRows, openCuratedShop } from "../fixtures/curated_shop.ts";
import { createCuratedLake, groupedShop, LAST_DAY } from "../fixtures/grouped_shop.ts";
import { publishSession } from "../fixtures/publish_session.ts";
import { listening } from "./listening_context.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

const trainRecommendation = trainModel(recommendationModel);

/** Three times the grouped shop, so that there are customers enough to tell recommenders apart. */
function largeShop(): CuratedRows {
  const shop = groupedShop();
  const copies = (rows: CuratedRows[keyof CuratedRows], columns: number[]) =>
    ["a", "b", "c"].flatMap((copy) =>
      rows!.map((row) => row.map((value, i) => columns.includes(i) ? `${value}${copy}` : value))
    );
  return {
    ...shop,
    dim_customers: copies(shop.dim_customers, [0]),
    fact_orders: copies(shop.fact_orders, [0, 2]),
    fact_events: copies(shop.fact_events, [0, 1, 2]),
  };
}

async function publishRows({ store }: PipelineContext, rows: CuratedRows): Promise<string> {
  using session = await openCuratedShop(rows);
  return await publishSession(store, session, CURATED_TABLES);
}

const before = (day: string, rows: CuratedRows): CuratedRows => ({
  ...rows,
  fact_orders: rows.fact_orders!.filter((row) => String(row[3]) < day),
  fact_events: rows.fact_events!.filter((row) => String(row[4]) < day),
});

Deno.test("a recommender is compared with the champion on orders that the champion has not seen", async () => {
  const shop = largeShop();
  const day = addDays(LAST_DAY, -12);
  await using lake = await createCuratedLake(before(day, shop));
  const { context } = lake;
  await trainRecommendation(context);
  const first = (await championCard(context.store, "recommendation"))!;
  await publishRows(context, shop);
  const { summary } = await trainRecommendation(context);
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.equal(latest!.champion, first.version);
  assert.equal(latest!.testSet, "the last orders of 120 customers");
  // Customers 0 to 12 and 20 to 32 of each copy ordered last on the day or later.
  assert.equal(latest!.metrics[1]!.name, `NDCG@10 of 78 customers since ${first.asOf}`);
  assert.equal(first.asOf, day);
  const { champion, challenger, championError } = latest!.metrics[1]!;
  assert.ok(Math.abs(challenger - champion!) < 0.5 && championError! > 0 && championError! < 0.1);
  assert.match(summary, /champion/);
});

Deno.test("a champion that was trained on every test order is not asked about them", async () => {
  const shop = largeShop();
  await using lake = await createCuratedLake(shop);
  const { context } = lake;
  await trainRecommendation(context);
  const first = await championVersion(context.store, "recommendation");
  // The same sales, but another snapshot: a product was renamed.
  await publishRows(context, {
    ...shop,
    dim_products: shop.dim_products!.map((
      [id, , ...rest],
    ) => [id, `new ${id}`, ...rest]) as NonNullable<CuratedRows["dim_products"]>,
  });
  await trainRecommendation(context);
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.notEqual(latest!.version, first);
  // The stand-ins of both are compared customer by customer, and did the same.
  const [, { name, champion, challenger, championError }] = latest!.metrics as [
    MetricComparison,
    MetricComparison,
  ];
  assert.equal(name, "NDCG@10 of 120 customers with the same last order");
  assert.deepEqual([champion, championError], [challenger, 0]);
  assert.equal(latest!.reason, "no worse than the champion, and it beats its baseline");
});

Deno.test("without stored results of the same customers a person decides", async () => {
  await using lake = await createCuratedLake(largeShop());
  const { context } = lake;
  await makeKnowingChampion(context, addDays(LAST_DAY, 1));
  const { summary, status } = await trainRecommendation(context);
  assert.equal(status, "done");
  assert.match(
    summary,
    /waits for approval: .*\(0 customers ordered since it was trained on 2024-07-01, 30 are needed; it stored no/,
  );
  assert.equal(await championVersion(context.store, "recommendation"), "knowing");
  assert.equal((await trainRecommendation(context)).status, "unchanged");
});

/** Makes a recommender champion that knows the test orders, though its card says otherwise. */
async function makeKnowingChampion(
  { store }: PipelineContext,
  cardAsOf = addDays(LAST_DAY, -19),
): Promise<void> {
  using snapshot = await openSnapshot(store);
  const orders = "(FROM fact_orders WHERE order_date > DATE '2024-06-01')";
  const events = "(FROM fact_events WHERE false)";
  const model = trainRecommender(
    await readRecommenderData(snapshot, addDays(LAST_DAY, 1), { orders, events }),
  );
  const card = {
    name: "recommendation",
    version: "knowing",
    trainedAt: "2024-12-01T00:00:00.000Z",
    snapshot: "s0",
    asOf: cardAsOf,
    parameters: {},
    metrics: {},
  };
  await saveModelVersion(store, { card, files: recommenderFiles(model) });
  await promoteVersion(store, "recommendation", "knowing");
}

Deno.test("a recommender that is worse than the champion on new orders is refused", async () => {
  // The last orders follow another rule than those before, which only the champion has seen.
  const shop = largeShop();
  const products = shop.dim_products!.map(([id]) => String(id));
  shop.fact_orders = shop.fact_orders!.map((row) => {
    if (!String(row[0]).includes("-2")) return row;
    const at = products.indexOf(String(row[1]));
    return row.with(1, products[(at + 6) % 12]!);
  }) as NonNullable<CuratedRows["fact_orders"]>;
  await using lake = await createCuratedLake(shop);
  const { context } = lake;
  await makeKnowingChampion(context);
  const { summary } = await trainRecommendation(context);
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.equal(latest!.outcome, "refused", JSON.stringify(latest));
  assert.match(summary, /refused: it .*; knowing stays champion/);
  assert.equal((await trainRecommendation(context)).status, "unchanged");
});

Deno.test("a recommender without anything to judge it on is refused with a warning", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    fact_orders: groupedShop().fact_orders!.filter(([order]) => String(order).endsWith("-0")),
  });
  const { context, warnings } = listening(lake.context);
  const { status, summary } = await trainRecommendation(context);
  assert.equal(status, "done");
  for (const place of [summary, warnings.join("\n")]) {
    assert.match(
      place,
      /refused: there is nothing to measure it on: 0 customers ordered on two days, 30 are needed/,
    );
  }
  assert.equal(await championVersion(context.store, "recommendation"), null);
  assert.equal((await trainRecommendation(context)).status, "unchanged");
});

Deno.test("what a person promoted is not undone by training the same snapshot again", async () => {
  await using lake = await createCuratedLake(largeShop());
  const { context } = lake;
  const train: Pipeline = trainRecommendation;
  await train(context);
  await makeKnowingChampion(context);
  const { status, summary } = await train(context);
  assert.equal(status, "unchanged");
  assert.match(summary, /was champion before, and another took its place since/);
  assert.equal(await championVersion(context.store, "recommendation"), "knowing");
});
