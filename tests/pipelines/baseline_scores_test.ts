import {
  championVersion,
  loadModelVersion,
  promoteVersion,
  promotionDecisions,
  requireScores,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import { churnModel } from "shopflow/churn/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../lib/warehouse/session.ts";
import assert from "node:assert/strict";
import { inOrder, type PipelineContext } from "../../pipelines/context.ts";
import { createModelsProgram } from "../../pipelines/commands/models.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { createClient } from "../server/api_client.ts";
import { listening } from "./listening_context.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

const scoreChurn = scoreModel(churnModel);
const scoreRecommendation = scoreModel(recommendationModel);
const trainChurn = trainModel(churnModel);
const trainRecommendation = trainModel(recommendationModel);

async function rowsOf({ store }: PipelineContext, name: string): Promise<Row[]> {
  using session = await openSession();
  const { key } = await requireScores(store, name);
  return await session.rows(`FROM read_parquet(${sqlString(await store.localPath(key))})`);
}

Deno.test("where no churn model beats recency, training and scoring succeed and the baseline serves", async (t) => {
  await using lake = await createChurnLake({ customers: 260, days: 290, ordersOnly: true });
  const { context, warnings } = listening(lake.context);
  const { store } = context;
  assert.equal((await trainChurn(context)).status, "done");
  const { status, summary } = await scoreChurn(context);
  assert.equal(status, "done");
  assert.match(
    summary,
    /^by the baseline, since no model was good enough: version \w+ was refused because it does not/,
  );
  assert.match(warnings.join("\n"), /The churn model: no model was good enough.*The baseline scores/);
  const table = await requireScores(store, "churn");
  assert.match(table.modelVersion, /^baseline-[0-9a-f]{12}$/);
  assert.match(table.baselineReason!, /it does not beat its baseline beyond chance: AUC/);
  const rows = await rowsOf(context, "churn");
  assert.ok(rows.length > 200 && rows.length === table.rows);

  await t.step("the longer ago the last order, the higher the risk, and recency is the only reason", () => {
    const byRecency = rows.toSorted((a, b) => Number(a.recency_days) - Number(b.recency_days));
    const risks = byRecency.map(({ churn_probability }) => Number(churn_probability));
    assert.deepEqual(risks, risks.toSorted((a, b) => a - b));
    assert.ok(risks[0]! < 0.4 && risks.at(-1)! > 0.6, `${risks[0]} to ${risks.at(-1)}`);
    const reasons = JSON.parse(String(byRecency.at(-1)!.reasons));
    assert.deepEqual(reasons.map(({ feature }: { feature: string }) => feature), ["recency_days"]);
    assert.ok(reasons[0].contribution > 0);
    assert.match(reasons[0].text, /Has not ordered for|Last ordered/);
  });

  await t.step("scoring again is unchanged", async () => {
    assert.equal((await scoreChurn(context)).status, "unchanged");
  });

  await t.step("the API answers, marked", async () => {
    const { get, post } = createClient(store);
    const { customer_id, churn_probability, recency_days } = rows[0]!;
    const known = await post("/predict/churn", { customer_id });
    assert.equal(known.status, 200);
    const answer = await known.json();
    assert.deepEqual([answer.model_kind, answer.model_version], ["baseline", table.modelVersion]);
    const sent = await (await post("/predict/churn", { features: { recency_days, order_count: 3 } })).json();
    assert.equal(sent.model_kind, "baseline");
    assert.ok(Math.abs(sent.churn_probability - Number(churn_probability)) < 1e-5);
    const unknown = await post("/predict/churn", { features: { order_count: 3 } });
    assert.equal(unknown.status, 422);
    assert.match((await unknown.json()).error.expected, /recency_days/);
    const { models, scores } = await (await get("/health")).json();
    assert.deepEqual([models.churn.kind, scores.churn.model_kind], ["baseline", "baseline"]);
    assert.match(scores.churn.baseline_reason, /no model was good enough/);
    assert.match(await (await get("/reports")).text(), /The baseline is in use/);
  });

  await t.step(
    "the versions are listed as refused and baseline, and the baseline cannot be promoted",
    async () => {
      const printed: string[] = [];
      const models = (...args: string[]) =>
        createModelsProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
      await models("list", "churn");
      assert.match(printed[0]!, /baseline-\w+ .* baseline$/m);
      assert.match(printed[0]!, / refused$/m);
      await models("show", "churn", "baseline");
      assert.match(printed[1]!, /^churn baseline-\w+: baseline$/m);
      await assert.rejects(models("promote", "churn", "baseline", "--reason", "why not"), {
        name: "ModelError",
        message: /is the baseline of the churn model/,
      });
      await assert.rejects(models("show", "churn"), {
        message: /has no champion.*models history churn.*name a version/s,
      });
    },
  );

  await t.step("a damaged baseline is fitted again, and is still marked as one", async () => {
    await store.put(`models/churn/${table.modelVersion}/recency.json`, encodeJson({}));
    assert.equal((await scoreChurn(context)).status, "done");
    const { modelVersion } = await requireScores(store, "churn");
    assert.notEqual(modelVersion, table.modelVersion);
    const { models } = await (await createClient(store).get("/health")).json();
    assert.deepEqual([models.churn.kind, models.churn.version], ["baseline", modelVersion]);
    assert.equal((await scoreChurn(context)).status, "unchanged");
  });

  await t.step("a promoted version takes over, and answers are marked as a model's again", async () => {
    const [refused] = await promotionDecisions(store, "churn");
    await promoteVersion(store, "churn", refused!.version);
    assert.equal((await scoreChurn(context)).status, "done");
    const { modelVersion, baselineReason } = await requireScores(store, "churn");
    assert.deepEqual([modelVersion, baselineReason], [refused!.version, undefined]);
    const { models } = await (await createClient(store).get("/health")).json();
    assert.equal(models.churn.kind, "model");
  });

  await t.step(
    "a champion whose features are gone is no failed run, one that is damaged is a problem",
    async () => {
      const champion = (await championVersion(store, "churn"))!;
      const { card, files } = await loadModelVersion(store, "churn", champion);
      const trees = JSON.parse(new TextDecoder().decode(files["trees.json"]));
      const renamed = { ...files, "trees.json": encodeJson({ ...trees, featureNames: ["old_feature"] }) };
      await saveModelVersion(store, { card: { ...card, version: "older" }, files: renamed });
      await promoteVersion(store, "churn", "older");
      const gone = await scoreChurn(context);
      assert.deepEqual([gone.status, gone.problems], ["done", undefined]);
      assert.match(
        gone.summary,
        /^by the baseline, since the champion older uses features.*: old_feature; /,
      );
      assert.match(warnings.at(-1)!, /models promote churn VERSION --reason TEXT/);

      await store.put("models/churn/older/trees.json", encodeJson({ ...trees, ensemble: null }));
      assert.match(
        (await scoreChurn(context)).problems![0]!.message,
        /cannot be read.*trees\.json in the lake .* was changed since it was written/,
      );
      assert.match(
        (await requireScores(store, "churn")).baselineReason!,
        /the champion older cannot be read/,
      );
      await store.delete("models/churn/older/trees.json");
      const damaged = await scoreChurn(context);
      assert.match((await requireScores(store, "churn")).modelVersion, /^baseline-/);
      assert.match(
        damaged.problems![0]!.message,
        /champion of the churn model cannot be read.*is incomplete/,
      );
      const { problems } = await inOrder({ churn: scoreChurn }, context);
      assert.equal(problems?.length, 1, "the command ends with an error after all else is done");
    },
  );
});

Deno.test("a history too short to train ends well: the baseline serves, or nobody is scored yet", async (t) => {
  await t.step("200 days: too little to train, enough for the baseline", async () => {
    await using lake = await createChurnLake({ customers: 200, days: 200 });
    const { context, warnings } = listening(lake.context);
    const { status, summary } = await trainChurn(context);
    assert.equal(status, "unchanged");
    assert.match(
      summary,
      /^not trained, the baseline serves: Not enough data to train on: expected at least 270 days/,
    );
    assert.match(warnings[0]!, /churn model was not trained, and the baseline serves/);
    assert.equal(await championVersion(context.store, "churn"), null);
    assert.match(
      (await scoreChurn(context)).summary,
      /^by the baseline, since no model is trained yet; \d+ cust/,
    );
    assert.ok((await requireScores(context.store, "churn")).rows > 50);
  });

  await t.step("90 days: no outcome is known, and the answers say so", async () => {
    await using lake = await createChurnLake({ customers: 200, days: 90 });
    const { context } = listening(lake.context);
    assert.equal((await trainChurn(context)).status, "unchanged");
    assert.equal((await scoreChurn(context)).status, "done");
    const table = await requireScores(context.store, "churn");
    assert.deepEqual([table.rows, table.modelVersion], [0, "baseline-too-little-data"]);
    assert.deepEqual(await rowsOf(context, "churn"), []);
    const { status, summary } = await scoreChurn(context);
    assert.equal(status, "unchanged");
    assert.match(summary, /^no customer gets a score: Not enough data .* to 2024-12-31$/);
    const { post } = createClient(context.store);
    const answer = await post("/predict/churn", { features: { recency_days: 5 } });
    assert.equal(answer.status, 503);
    assert.match((await answer.json()).error.found, /Not enough data for churn scores.*120 days/);
  });
});

Deno.test("where nobody came back, everybody gets the best sellers, marked", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    fact_orders: groupedShop().fact_orders!.filter(([order]) => String(order).endsWith("-0")),
  });
  const { context } = lake;
  const { store } = context;
  assert.equal((await trainRecommendation(context)).status, "done");
  const { status, summary } = await scoreRecommendation(context);
  assert.equal(status, "done");
  assert.match(
    summary,
    /^by the baseline, since .*refused because there is nothing to measure it on.*; \d+ recommendations/,
  );
  const rows = await rowsOf(context, "recommendations");
  const lists = Map.groupBy(rows, ({ customer_id }) => customer_id);
  assert.equal(lists.size, 40);
  const [first, ...others] = [...lists.values()].map((list) =>
    list.toSorted((a, b) => Number(a.rank) - Number(b.rank)).map((
      { product_id, score },
    ) => [product_id, score])
  );
  assert.equal(first!.length, 12);
  assert.ok(Number(first![0]![1]) >= Number(first![11]![1]) && Number(first![11]![1]) > 0);
  for (const other of others) assert.deepEqual(other, first);

  const { get } = createClient(store);
  const health = await get("/health");
  assert.equal(health.status, 200, "a baseline is no fault");
  const { status: state, models, scores } = await health.json();
  assert.deepEqual([state, models.recommendation.kind, scores.recommendations.model_kind], [
    "ok",
    "baseline",
    "baseline",
  ]);
  for (const customer of ["C1", "NOBODY"]) {
    const answer = await get(`/recommend/${customer}?n=3`);
    assert.equal(answer.status, 200);
    const { source, model_kind, model_version, items } = await answer.json();
    assert.deepEqual([source, model_kind], ["popularity", "baseline"]);
    assert.match(model_version, /^baseline-/);
    assert.deepEqual(
      items.map(({ product_id }: { product_id: string }) => product_id),
      first!.slice(0, 3).map(([id]) => id),
    );
  }
});
