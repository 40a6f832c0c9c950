import { activeExamples, readChurnExamples } from "../../lib/churn/examples.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import {
  championCard,
  championVersion,
  loadModelVersion,
  promoteVersion,
  promotionDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import { churnModel } from "shopflow/churn/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import type { PipelineContext } from "../../pipelines/context.ts";
import { createModelsProgram } from "../../pipelines/commands/models.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { openChurnShop } from "../fixtures/churn_shop.ts";
import { publishSession } from "../fixtures/publish_session.ts";
import { listening } from "./listening_context.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";
import { loadChurnClassifier } from "../../lib/churn/classifier.ts";
import { plainChurn } from "../fixtures/plain_churn.ts";

const scoreChurn = scoreModel(churnModel);
const trainChurn = trainModel(churnModel);

const CUSTOMERS = 500;
/** The test date of the churn shop, whose orders end with 2024. */
const TEST_DATE = checkAsOf("2024-10-03");
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

/** Makes a champion that knows the outcomes of the test date, which no honest challenger can match. */
async function makeOracleChampion({ store }: PipelineContext, asOf: string): Promise<void> {
  using session = await openSnapshot(store);
  const { features, labels } = activeExamples(await readChurnExamples(session, [TEST_DATE]), 90);
  const trainer = xgboostTrainer({ seed: 1, rounds: 300, maxDepth: 6, eta: 0.3, minChildWeight: 0 });
  const model = plainChurn(await trainer.fit(features, labels));
  const card = {
    name: "churn",
    version: "oracle",
    trainedAt: "2024-12-01T00:00:00.000Z",
    snapshot: "s0",
    asOf,
    parameters: { horizonDays: 90 },
    metrics: {},
  };
  await saveModelVersion(store, { card, files: model.save() });
  await promoteVersion(store, "churn", "oracle");
}

Deno.test("a churn model of newer data challenges the champion on the new test date, and wins", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const { store } = context;
  await publishChurnShop(context, "2023-12-01");
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
  assert.equal(earliest!.reason, "the first model, and it beats its baseline");
  assert.deepEqual(
    { ...latest!, decidedAt: "", metrics: latest!.metrics.map(({ name }) => name) },
    {
      version: second,
      champion: first,
      outcome: "promoted",
      reason: "better than the champion beyond chance, and it beats its baseline",
      reference: second,
      decidedAt: "",
      decidedBy: "rule",
      snapshot,
      testSet: `${
        (await championCard(store, "churn"))!.metrics.test_rows
      } active customers as of ${TEST_DATE}`,
      metrics: ["AUC", "log-loss"],
      run: "train-models@2025-01-01T01:20Z",
    },
  );
  const { metrics } = (await championCard(store, "churn"))!;
  const [auc, loss] = latest!.metrics;
  assert.equal(auc!.challenger, metrics.auc);
  assert.equal(auc!.baseline, metrics.baseline_auc);
  assert.equal(loss!.challenger, metrics.log_loss);
  // The champion answers from its own files, on the active customers of the new date.
  using session = await openSnapshot(store);
  const { features, labels } = activeExamples(await readChurnExamples(session, [TEST_DATE]), 90);
  const championRisks = loadChurnClassifier((await loadModelVersion(store, "churn", first!)).files).predict(
    features,
  );
  const pairs = [...labels.keys()].flatMap((a) =>
    labels[a] === 1
      ? [...labels.keys()].filter((b) => labels[b] === 0).map((b) =>
        [championRisks[a]!, championRisks[b]!] as const
      )
      : []
  );
  const byHand = pairs.reduce((sum, [a, b]) => sum + (a > b ? 1 : a === b ? 0.5 : 0), 0) / pairs.length;
  assert.ok(Math.abs(auc!.champion! - byHand) < 1e-9, `${auc!.champion} and ${byHand}`);
  assert.ok(
    summary.includes(`AUC ${auc!.challenger.toFixed(3)}, champion ${byHand.toFixed(3)} (±`),
    summary,
  );
});

Deno.test("a churn model that is worse than the champion is kept, refused, and not trained again", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const { store } = context;
  await makeOracleChampion(context, TEST_DATE);
  const { status, summary } = await trainChurn(context);
  assert.equal(status, "done");
  assert.match(summary, /refused: it is worse than the champion: AUC .*; oracle stays champion/);
  assert.equal(await championVersion(store, "churn"), "oracle");
  const [refused] = await promotionDecisions(store, "churn");
  assert.equal(refused!.outcome, "refused");
  assert.ok((await loadModelVersion(store, "churn", refused!.version)).files["trees.json"], "it is stored");

  const again = await trainChurn(context);
  assert.equal(again.status, "unchanged");
  assert.match(again.summary, new RegExp(`${refused!.version} was compared before: refused: it is worse`));
  assert.equal((await trainChurn({ ...context, force: true })).status, "done");
  assert.equal((await promotionDecisions(store, "churn")).length, 1, "the same decision is kept once");
  // Scores come from the champion as before.
  assert.equal((await scoreChurn(context)).status, "done");

  // A champion that lost its files does not make of a refused version a good one.
  await store.delete("models/churn/oracle/trees.json");
  assert.equal((await trainChurn(context)).status, "unchanged");
  assert.equal(await championVersion(store, "churn"), "oracle");
});

Deno.test("what cannot be compared with the champion waits for approval, and is not trained each night", async (t) => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context, warnings } = listening(lake.context);
  const { store } = context;
  await makeOracleChampion(context, "2024-11-01");
  const { card, files } = await loadModelVersion(store, "churn", "oracle");

  await t.step("a champion that knows the outcomes of the test period", async () => {
    const { status, summary } = await trainChurn(context);
    assert.equal(status, "done");
    const [held] = await promotionDecisions(store, "churn");
    assert.equal(held!.outcome, "held");
    const version = held!.version;
    const text =
      `${version} waits for approval: the champion cannot be compared (it learned from data up to 2024-11-01, ` +
      `the test set begins on ${TEST_DATE}); oracle stays champion. If it should score, run ` +
      `\`deno task models promote churn ${version} --reason TEXT\``;
    for (const place of [summary, warnings.join("\n")]) assert.ok(place.includes(text), place);
    assert.equal(await championVersion(store, "churn"), "oracle");
    const again = await trainChurn(context);
    assert.equal(again.status, "unchanged");
    assert.ok(again.summary.includes(text), again.summary);
    const printed: string[] = [];
    for (const command of ["list", "history"]) {
      await createModelsProgram(() => context, (line) => printed.push(line))
        .parseAsync([command, "churn"], { from: "user" });
    }
    assert.match(printed[0]!, new RegExp(`${version} .* waits for approval$`, "m"));
    assert.match(printed[1]!, new RegExp(`${version} waits for approval, oracle stayed champion$`, "m"));
  });

  await t.step("a champion whose files the present code cannot read", async () => {
    const trees = JSON.parse(new TextDecoder().decode(files["trees.json"]));
    let champion = "";
    for (
      const [change, reason] of [
        [
          { format: "shopflow-trees-2" },
          /of another kind: expected shopflow-trees-1, found "shopflow-trees-2"/,
        ],
        [{ featureNames: ["age"] }, /uses 1 feature that no longer exists: age;/],
        [{ ensemble: { trees: 7 } }, /its files are damaged/],
      ] as const
    ) {
      const other = { ...files, "trees.json": encodeJson({ ...trees, ...change }) };
      const saved = await saveModelVersion(store, { card: { ...card, asOf: TEST_DATE }, files: other });
      await promoteVersion(store, "churn", saved.version);
      champion = saved.version;
      assert.equal((await trainChurn({ ...context, force: true })).status, "done");
      const [decision] = await promotionDecisions(store, "churn");
      assert.equal(decision!.outcome, "held");
      assert.match(decision!.reason, /^the champion cannot be compared \(/);
      assert.match(decision!.reason, reason);
    }
    await store.delete(`models/churn/${champion}/trees.json`);
    assert.equal((await trainChurn(context)).status, "unchanged");
  });

  await t.step("a person promotes the version, and training the same snapshot does not undo it", async () => {
    const [held] = await promotionDecisions(store, "churn");
    await createModelsProgram(() => context, () => {}).parseAsync(
      ["promote", "churn", held!.version, "--reason", "the oracle is gone"],
      { from: "user" },
    );
    assert.equal(await championVersion(store, "churn"), held!.version);
    assert.equal((await trainChurn(context)).status, "unchanged");
  });
});

Deno.test("a champion promoted by hand survives a challenger of the same snapshot that is as good", async () => {
  await using lake = await createChurnLake({ customers: CUSTOMERS });
  const { context } = lake;
  const { store } = context;
  await trainChurn(context);
  // The same model under another name, as after a change of code without effect, chosen by a person.
  const { card, files } = await loadModelVersion(store, "churn", (await championVersion(store, "churn"))!);
  await saveModelVersion(store, { card: { ...card, version: "chosen" }, files });
  await createModelsProgram(() => context, () => {}).parseAsync(
    ["promote", "churn", "chosen", "--reason", "agreed with marketing"],
    { from: "user" },
  );
  const { summary } = await trainChurn({ ...context, force: true });
  assert.match(summary, /refused: a person chose the champion, and it is not better beyond chance/);
  assert.equal(await championVersion(store, "churn"), "chosen");
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
  await makeOracleChampion(context, TEST_DATE);
  await store.delete("models/churn/champion.json");
  // A person promotes another version between the comparison and the promotion.
  const putIfAbsent = store.putIfAbsent.bind(store);
  let isPromoted = false;
  const busy = {
    ...store,
    async putIfAbsent(key: string, body: Uint8Array) {
      if (!isPromoted && key.endsWith("/card.json")) {
        isPromoted = true;
        await promoteVersion(store, "churn", "oracle");
      }
      return await putIfAbsent(key, body);
    },
  };
  await assert.rejects(trainChurn({ ...context, store: busy }), {
    name: "ModelError",
    message: /Another run published at the same time.*found oracle/,
  });
  assert.equal(await championVersion(store, "churn"), "oracle");
});
