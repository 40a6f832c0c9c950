import { championVersion, promotionDecisions, requireScores } from "shopflow/ml/registry/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import assert from "node:assert/strict";
import { createModelsProgram } from "../../pipelines/commands/models.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { trainModels } from "../../pipelines/steps/train/train.ts";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { orderValueModel } from "../fixtures/toy_model/definition.ts";
import { createClient } from "../server/api_client.ts";

/** The product's models and one more: the one line that a new model takes. */
const MODELS_AND_TOY = [...MODELS, orderValueModel];

/** The grouped shop, in which each customer spends another amount. */
function unequalShop() {
  const shop = groupedShop();
  return {
    ...shop,
    fact_orders: (shop.fact_orders ?? []).map((row) => {
      const customer = Number(String(row[2]).slice(1)), order = Number(String(row[0]).split("-")[1]);
      return [...row.slice(0, 6), 10 + customer + order];
    }),
  };
}

Deno.test("a model that is a folder and a line in the list is trained, judged, promoted, scored, served and documented", async (t) => {
  await using lake = await createCuratedLake(unequalShop());
  const { context } = lake;
  const { store } = context;
  const train = trainModels(MODELS_AND_TOY);
  const score = scoreModels(MODELS_AND_TOY);

  await t.step("before it is trained, its baseline scores", async () => {
    assert.match(
      (await score(context)).summary,
      /order_value: by the baseline, since no model is trained yet; 40 cust/,
    );
    assert.match((await requireScores(store, "order_values")).modelVersion, /^baseline-/);
  });

  await t.step("trained without promoting it waits, and is not trained each night", async () => {
    const waits = { ...context, promotes: false };
    assert.match(
      (await train(waits)).summary,
      /order_value: .*waits for approval: it was trained without promoting/s,
    );
    const [decision] = await promotionDecisions(store, "order_value");
    assert.deepEqual([decision?.outcome, decision?.isPostponed], ["held", true]);
    assert.match(decision!.reason, /the rule would promote it: the first model, and it beats its baseline$/);
    assert.equal(await championVersion(store, "order_value"), null);
    assert.equal((await train(waits)).status, "unchanged");
  });

  await t.step(
    "it is trained and judged on its test set, and promoted since it beats its baseline",
    async () => {
      const { summary } = await train({ ...context, config: context.config });
      assert.match(summary, /order_value: version \w+, 40 customers, MAE \d+\.\d{3} \(baseline \d+\.\d{3}\)/);
      const [decision] = await promotionDecisions(store, "order_value");
      assert.equal(decision?.outcome, "promoted");
      assert.equal(decision?.testSet, "the last orders of 40 customers");
      assert.equal(await championVersion(store, "order_value"), decision?.version);
      assert.equal((await train(context)).status, "unchanged");
    },
  );

  const version = (await championVersion(store, "order_value")) ?? "";

  await t.step("its champion scores every customer into its score table", async () => {
    assert.match((await score(context)).summary, /order_value: 40 customers/);
    const { modelVersion, rows } = await requireScores(store, "order_values");
    assert.deepEqual([modelVersion, rows], [version, 40]);
    assert.equal((await score(context)).status, "unchanged");
  });

  await t.step("its route answers with a key, and with 401 without one", async () => {
    const { post } = createClient(store, { apiKey: "right", models: MODELS_AND_TOY });
    const key = { "x-api-key": "right" };
    assert.equal((await post("/predict/order_value", { usual_value: 20 })).status, 401);
    assert.equal(
      (await post("/predict/order_value", { usual_value: 20 }, { "x-api-key": "wrong" })).status,
      401,
    );
    const byFeature = await post("/predict/order_value", { usual_value: 1000 }, key);
    assert.equal(byFeature.status, 200);
    const { order_value, model_version, model_kind } = await byFeature.json();
    assert.ok(order_value > 900);
    assert.deepEqual([model_version, model_kind], [version, "model"]);
    const byCustomer = await (await post("/predict/order_value", { customer_id: "C7" }, key)).json();
    assert.ok(byCustomer.order_value > 10 && byCustomer.order_value < 40, String(byCustomer.order_value));
    const unknown = await post("/predict/order_value", { customer_id: "NOBODY" }, key);
    assert.equal((await unknown.json()).error.code, "customer_not_scored");
    const invalid = await post("/predict/order_value", {}, key);
    assert.deepEqual([invalid.status, (await invalid.json()).error.code], [400, "invalid_request"]);
  });

  await t.step("OpenAPI, /docs, the start page and /health describe it", async () => {
    const { get } = createClient(store, { models: MODELS_AND_TOY });
    const { paths } = await (await get("/openapi.json")).json();
    const operation = paths["/predict/order_value"].post;
    assert.deepEqual(Object.keys(operation.responses), ["200", "400", "401", "404", "413", "415", "503"]);
    const { schema } = operation.responses["200"].content["application/json"];
    assert.equal(schema.properties.order_value.description, "Expected value of the next order");
    const docs = await (await get("/docs")).text();
    assert.match(docs, /Value of a customer&#39;s next order/);
    assert.match(docs, /Features of the order value model/);
    assert.match(await (await get("/reports")).text(), /What is the next order worth\?/);
    const { status, models, scores } = await (await get("/health")).json();
    assert.equal(status, "ok");
    assert.deepEqual([models.order_value.version, scores.order_values.rows], [version, 40]);
  });

  await t.step("`models` lists, shows and promotes it", async () => {
    const models = async (...args: string[]) => {
      const printed: string[] = [];
      const program = createModelsProgram(() => context, (text) => printed.push(text), MODELS_AND_TOY);
      await program.parseAsync(args, { from: "user" });
      return printed.join("\n");
    };
    assert.match(await models("list"), new RegExp(`^\\* +order_value +${version} .* MAE .*champion$`, "m"));
    assert.match(await models("show", "order_value"), /tested on the last orders of 40 customers/);
    await assert.rejects(models("promote", "order_value", "baseline", "--reason", "why not"), {
      message: /is the baseline of the order_value model/,
    });
    const help = createModelsProgram(() => context, () => {}, MODELS_AND_TOY).commands
      .find((command) => command.name() === "list")?.helpInformation();
    assert.match(help ?? "", /churn, recommendation,[\w\s,]*order_value/);
  });
});
