import { readChurnExamples, readRecommenderData, trainRecommender } from "shopflow/business/mod.ts";
import { addDays } from "shopflow/features/mod.ts";
import { encodeJson } from "shopflow/lake/mod.ts";
import { recommenderFiles, xgboostTrainer } from "shopflow/models/mod.ts";
import {
  championCard,
  championVersion,
  loadModelVersion,
  makeChampion,
  promotionDecisions,
  saveModelVersion,
} from "shopflow/registry/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import type { Pipeline, PipelineContext } from "../../pipelines/context.ts";
import { scoreChurn } from "../../pipelines/score/churn.ts";
import { trainChurn } from "../../pipelines/train/churn.ts";
import { trainRecommendation } from "../../pipelines/train/recommendation.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { openChurnShop } from "../fixtures/churn_shop.ts";
import { CURATED_TABLES, type CuratedRows, openCuratedShop } from "../fixtures/curated_shop.ts";
import { createCuratedLake, groupedShop, LAST_DAY } from "../fixtures/grouped_shop.ts";
import { publishSession } from "../fixtures/publish_session.ts";

const CUSTOMERS = 500;
/** The test date of the churn shop, whose orders end with 2024. */
const TEST_DATE = "2024-10-03";
const CHURN_TABLES = ["dim_customers", "dim_products", "fact_events", "fact_orders", "fact_support_tickets"];

/** Publishes the churn shop as it was on a day. */
async function publishChurnShop({ store }: PipelineContext, until?: string): Promise<string> {
  using shop = await openChurnShop({ customers: CUSTOMERS });
  if (until !== undefined) {
    await shop.run(`DELETE FROM fact_orders WHERE order_date >= DATE '${until}';
      DELETE FROM fact_events WHERE event_timestamp >= DATE '${until}';
      DELETE FROM fact_support_tickets WHERE created_at >= DATE '${until}'`);
  }
  return await publishSession(store, shop, CHURN_TABLES);
}

/** A context that remembers its warnings. */
function listening(context: PipelineContext): { context: PipelineContext; warnings: string[] } {
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (text: string) => void warnings.push(text) };
  return { context: { ...context, runtime: { ...context.runtime, log } }, warnings };
}

/** Makes a champion that knows the outcomes of the test date, which no honest challenger can match. */
async function makeOracleChampion({ store }: PipelineContext, asOf: string): Promise<void> {
  using session = await openSnapshot(store);
  const { features, labels } = await readChurnExamples(session, [TEST_DATE]);
  const model = await xgboostTrainer({ seed: 1, rounds: 300, maxDepth: 6, eta: 0.3, minChildWeight: 0 }).fit(
    features,
    labels,
  );
  const card = {
    name: "churn",
    version: "oracle",
    trainedAt: "",
    snapshot: "s0",
    asOf,
    parameters: {},
    metrics: {},
  };
  await saveModelVersion(store, { card, files: model.save() });
  await makeChampion(store, "churn", "oracle");
}

Deno.test("a churn model of newer data challenges the champion on the new test date, and wins", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const { store } = context;
  await publishChurnShop(context, "2024-12-01");
  await trainChurn(context);
  const first = await championVersion(store, "churn");
  const snapshot = await publishChurnShop(context);
  const { summary } = await trainChurn({
    ...context,
    config: { ...context.config, run: { name: "train-models@2025-01-01T01:20Z", from: "", to: "" } },
  });
  const second = await championVersion(store, "churn");
  assert.notEqual(second, first);
  const [latest, earliest, ...more] = await promotionDecisions(store, "churn");
  assert.deepEqual(more, []);
  assert.equal(earliest!.reason, "the first model, and no worse than its baseline");
  assert.deepEqual(
    { ...latest!, decidedAt: "", figures: latest!.figures.map(({ name }) => name) },
    {
      version: second,
      champion: first,
      outcome: "promoted",
      reason: "no worse than the champion, and it beats its baseline",
      decidedAt: "",
      decidedBy: "rule",
      snapshot,
      holdOut: `${(await championCard(store, "churn"))!.metrics.test_rows} customers as of ${TEST_DATE}`,
      figures: ["AUC", "log-loss"],
      run: "train-models@2025-01-01T01:20Z",
    },
  );
  const { metrics } = (await championCard(store, "churn"))!;
  const [auc, loss] = latest!.figures;
  assert.equal(auc!.challenger, metrics.auc);
  assert.equal(auc!.baseline, metrics.baseline_auc);
  assert.equal(loss!.challenger, metrics.log_loss);
  // The champion answers from its own files, on the customers of the new date.
  using session = await openSnapshot(store);
  const { features, labels } = await readChurnExamples(session, [TEST_DATE]);
  const former = xgboostTrainer().load((await loadModelVersion(store, "churn", first!)).files).predict(
    features,
  );
  const pairs = [...labels.keys()].flatMap((a) =>
    labels[a] === 1
      ? [...labels.keys()].filter((b) => labels[b] === 0).map((b) => [former[a]!, former[b]!] as const)
      : []
  );
  const byHand = pairs.reduce((sum, [a, b]) => sum + (a > b ? 1 : a === b ? 0.5 : 0), 0) / pairs.length;
  assert.ok(Math.abs(auc!.champion! - byHand) < 1e-9, `${auc!.champion} and ${byHand}`);
  assert.ok(
    summary.includes(`AUC ${auc!.challenger.toFixed(3)}, champion ${byHand.toFixed(3)}, baseline `),
    summary,
  );
});

Deno.test("a churn model that is worse than the champion is kept, refused, and not trained again", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context, warnings } = listening(lake.context);
  const { store } = context;
  await makeOracleChampion(context, TEST_DATE);
  const { status, summary } = await trainChurn(context);
  assert.equal(status, "done");
  assert.match(summary, /refused: it is worse than the champion: AUC .*; oracle stays champion/);
  assert.match(warnings.join("\n"), /was refused, oracle stays champion: .*models history churn/);
  assert.equal(await championVersion(store, "churn"), "oracle");
  const [refused] = await promotionDecisions(store, "churn");
  assert.equal(refused!.outcome, "refused");
  assert.ok((await loadModelVersion(store, "churn", refused!.version)).files["trees.json"], "it is stored");

  const again = await trainChurn(context);
  assert.equal(again.status, "unchanged");
  assert.match(again.summary, new RegExp(`${refused!.version} was judged before and refused: it is worse`));
  assert.equal((await trainChurn({ ...context, force: true })).status, "done");
  assert.equal((await promotionDecisions(store, "churn")).length, 1, "the same decision is kept once");
  // Scores come from the champion as before.
  assert.equal((await scoreChurn(context)).status, "done");

  await store.delete("models/churn/oracle/trees.json");
  assert.match(
    (await trainChurn(context)).summary,
    /new champion: the champion cannot be judged \(.*incomplete/,
  );
});

Deno.test("a champion that knows the outcomes of the test period is not compared with", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  await makeOracleChampion(lake.context, "2024-11-01");
  const { summary } = await trainChurn(lake.context);
  assert.match(
    summary,
    /new champion: .*cannot be judged \(it learned from data up to 2024-11-01, .*2024-10-03/,
  );
});

Deno.test("a champion whose files or features the present code cannot read is replaced, and the reason says why", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  await makeOracleChampion(context, TEST_DATE);
  const { store } = context;
  const { files } = await loadModelVersion(store, "churn", "oracle");
  const trees = JSON.parse(new TextDecoder().decode(files["trees.json"]));
  for (
    const [change, reason] of [
      [
        { format: "shopflow-trees-0" },
        /is of another kind: expected shopflow-trees-1, found "shopflow-trees-0"/,
      ],
      [{ featureNames: ["age"] }, /not the features the model was fitted with/],
    ] as const
  ) {
    await store.put("models/churn/oracle/trees.json", encodeJson({ ...trees, ...change }));
    await makeChampion(store, "churn", "oracle");
    assert.equal((await trainChurn({ ...context, force: true })).status, "done");
    const [decision] = await promotionDecisions(store, "churn");
    const { outcome, reason: said } = decision!;
    assert.equal(outcome, "promoted");
    assert.match(said, /^the champion cannot be judged \(/);
    assert.match(said, reason);
  }
});

Deno.test("two trainings of the same snapshot at once end with one champion and one decision", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const ends = await Promise.all([trainChurn(context), trainChurn(context)]);
  assert.deepEqual(ends.map(({ status }) => status), ["done", "done"]);
  assert.equal((await promotionDecisions(context.store, "churn")).length, 1);
  assert.equal((await trainChurn(context)).status, "unchanged");
});

Deno.test("a training whose opponent was replaced while it ran does not become champion", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const { store } = context;
  await makeOracleChampion(context, "2024-11-01");
  await saveModelVersion(store, {
    card: { ...(await championCard(store, "churn"))!, version: "chosen" },
    files: (await loadModelVersion(store, "churn", "oracle")).files,
  });
  // A person promotes another version between the judgement and the promotion.
  const put = store.put.bind(store);
  let isPromoted = false;
  const busy = {
    ...store,
    async put(key: string, body: Uint8Array) {
      if (!isPromoted && key.endsWith("/card.json")) {
        isPromoted = true;
        await makeChampion(store, "churn", "chosen");
      }
      return await put(key, body);
    },
  };
  await assert.rejects(trainChurn({ ...context, store: busy }), {
    name: "ModelError",
    message: /Another run published at the same time.*found chosen/,
  });
  assert.equal(await championVersion(store, "churn"), "chosen");
});

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
  assert.equal(latest!.holdOut, "the last orders of 120 customers");
  // Customers 0 to 12 and 20 to 32 of each copy ordered last on the day or later.
  assert.equal(latest!.figures[1]!.name, `NDCG@10 of 78 customers since ${first.asOf}`);
  assert.equal(first.asOf, day);
  const { champion, challenger, tolerance } = latest!.figures[1]!;
  assert.ok(Math.abs(challenger - champion!) < 0.5 && tolerance >= 0.01);
  assert.match(summary, /champion/);
});

Deno.test("a champion that was trained on every held-out order is not asked about them", async () => {
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
    ) => [id, `new ${id}`, ...rest]) as CuratedRows["dim_products"],
  });
  await trainRecommendation(context);
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.notEqual(latest!.version, first);
  assert.match(
    latest!.reason,
    /cannot be judged \(0 customers ordered since it was trained on 2024-07-01, 50 are needed/,
  );
  assert.equal(latest!.figures.length, 1);
});

/** Makes a recommender champion that knows the held-out orders, though its card says otherwise. */
async function makeKnowingChampion({ store }: PipelineContext): Promise<void> {
  using snapshot = await openSnapshot(store);
  const orders = "(FROM fact_orders WHERE order_date > DATE '2024-06-01')";
  const events = "(FROM fact_events WHERE false)";
  const model = trainRecommender(
    await readRecommenderData(snapshot, addDays(LAST_DAY, 1), { orders, events }),
  );
  const card = {
    name: "recommendation",
    version: "knowing",
    trainedAt: "",
    snapshot: "s0",
    asOf: addDays(LAST_DAY, -19),
    parameters: {},
    metrics: {},
  };
  await saveModelVersion(store, { card, files: recommenderFiles(model) });
  await makeChampion(store, "recommendation", "knowing");
}

Deno.test("a recommender that is worse than the champion on new orders is refused", async () => {
  // The last orders follow another rule than those before, which only the champion has seen.
  const shop = largeShop();
  const products = shop.dim_products!.map(([id]) => String(id));
  shop.fact_orders = shop.fact_orders!.map((row) => {
    if (!String(row[0]).includes("-2")) return row;
    const at = products.indexOf(String(row[1]));
    return row.with(1, products[(at + 6) % 12]!);
  }) as CuratedRows["fact_orders"];
  await using lake = await createCuratedLake(shop);
  const { context } = lake;
  await makeKnowingChampion(context);
  const { summary } = await trainRecommendation(context);
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.equal(latest!.outcome, "refused", JSON.stringify(latest));
  assert.match(summary, /refused: it .*; knowing stays champion/);
  assert.equal((await trainRecommendation(context)).status, "unchanged");
});

Deno.test("a recommender without anything to judge it on becomes champion with a warning", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    fact_orders: groupedShop().fact_orders!.filter(([order]) => String(order).endsWith("-0")),
  });
  const { context, warnings } = listening(lake.context);
  await trainRecommendation(context);
  assert.match(
    warnings.join("\n"),
    /recommendation model \w+ became champion unjudged: nothing to judge it on/,
  );
  const [latest] = await promotionDecisions(context.store, "recommendation");
  assert.equal(latest!.outcome, "promoted");
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
