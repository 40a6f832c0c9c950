import { loadConfig } from "shopflow/config/mod.ts";
import assert from "node:assert/strict";
import { featureMatrix } from "shopflow/ml/classifier/mod.ts";
import { publishBaseline } from "shopflow/ml/registry/mod.ts";
import { recencyBaseline } from "../../../lib/churn/baseline.ts";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { modelsOf } from "shopflow/models/mod.ts";
import { AS_OF, publishChurnScores, publishSmallSnapshot, SCORED_AT, temporaryLake } from "../small_lake.ts";

const post = "/predict/churn";

testApi(
  "a customer's churn risk comes with reasons, the playbook's action and versions",
  async ({ post: send }) => {
    const answer = await send(post, { customer_id: "CUST000001" });
    assert.equal(answer.status, 200);
    const { reasons, ...rest } = await answer.json();
    assert.deepEqual(rest, {
      customer_id: "CUST000001",
      churn_probability: 0.9,
      horizon_days: 90,
      risk_band: "high",
      action: { type: "discount", discount_percent: 15, text: "Offer a 15 % discount." },
      as_of: "2024-10-01",
      model_kind: "model",
      model_version: "churn-1",
      data_snapshot: "scored-snapshot",
    });
    assert.equal(reasons.length, 5);
    assert.deepEqual(reasons[0], {
      topic: "last order",
      feature: "recency_days",
      value: 100,
      contribution: 1,
      effect: "raises",
      text: "Has not ordered for 100 days: raises the risk.",
    });
  },
);

Deno.test("the recommended action is that of the business's own playbook", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  await publishChurnScores(lake.store);
  const models = modelsOf(loadConfig({}), { playbook: { riskAbove: 0.4, discount: 0.2 } });
  const { post: send } = createClient(lake.store, { models });
  const { risk_band, action } = await (await send(post, { customer_id: "CUST000002" })).json();
  assert.equal(risk_band, "high");
  assert.deepEqual(action, { type: "discount", discount_percent: 20, text: "Offer a 20 % discount." });
});

testApi("a risk at or below the playbook's limit gets no discount", async ({ post: send }) => {
  const { churn_probability, risk_band, action } = await (await send(post, { customer_id: "CUST000002" }))
    .json();
  assert.equal(churn_probability, 0.45);
  assert.equal(risk_band, "medium");
  assert.equal(action.type, "none");
});

testApi("features are scored by the current model, which says what it averaged", async ({ post: send }) => {
  const ask = async (features: unknown) => await (await send(post, { features })).json();
  const loyal = await ask({ recency_days: 5, order_count: 2 });
  const leaving = await ask({ recency_days: 280, order_count: 2 });
  assert.ok(loyal.churn_probability < 0.4 && leaving.churn_probability > 0.6);
  assert.deepEqual([leaving.averaged_features, leaving.averaged_over], [["tickets_open", "carts_90d"], 40]);
  assert.equal(leaving.reasons[0].feature, "recency_days");
  assert.deepEqual([leaving.model_version, leaving.data_snapshot], ["churn-1", "training-snapshot"]);
  assert.deepEqual(leaving.outside_training_range, []);
  const all = await ask({ recency_days: 5, order_count: 2, tickets_open: 0, carts_90d: 0 });
  assert.deepEqual([all.averaged_features, all.averaged_over], [[], 0]);
});

testApi("null is not known, as if it was not sent", async ({ post: send }) => {
  const known = { recency_days: 112, order_count: 4 };
  const [absent, unknown] = await Promise.all(
    [known, { ...known, carts_90d: null }].map(async (features) =>
      await (await send(post, { features })).json()
    ),
  );
  assert.deepEqual(unknown, absent);
});

testApi("reasons say nothing of what was not sent", async ({ post: send }) => {
  const { reasons } = await (await send(post, { features: { recency_days: 112, order_count: 4 } })).json();
  assert.ok(reasons.length > 0);
  for (const { feature, text } of reasons) {
    assert.ok(["recency_days", "order_count"].includes(feature), feature);
    assert.doesNotMatch(text, /never|no visit|not provided/);
  }
});

testApi("a value beyond what the training saw is scored and said", async ({ post: send }) => {
  const answer = await (await send(post, { features: { recency_days: 5, order_count: 9 } })).json();
  assert.deepEqual(answer.outside_training_range, [{
    feature: "order_count",
    expected: "a whole number from 1 to 40 (the training saw 1 to 4)",
  }]);
});

testApi(
  "several customers are answered in their order, those without a score are listed",
  async ({ post: send }) => {
    const answer = await send(post, { customer_ids: ["CUST000003", "NOBODY", "CUST000001"] });
    const { predictions, not_scored, model_version } = await answer.json();
    assert.deepEqual(predictions.map((p: { customer_id: string }) => p.customer_id), [
      "CUST000003",
      "CUST000001",
    ]);
    assert.deepEqual(not_scored, ["NOBODY"]);
    assert.equal(model_version, "churn-1");
  },
);

testApi("an unknown customer and one who has not bought yet are told apart", async ({ post: send }) => {
  const unknown = await send(post, { customer_id: "CUST999999" });
  assert.equal(unknown.status, 404);
  assert.equal((await unknown.json() as Problem).error.code, "customer_not_found");
  const withoutOrder = await send(post, { customer_id: "CUST000005" });
  assert.equal(withoutOrder.status, 404);
  const { error } = await withoutOrder.json() as Problem;
  assert.equal(error.code, "customer_not_scored");
  assert.equal(error.expected, "a customer with an order in the 365 days before 2024-10-01");
});

Deno.test("where the history is too short for any score, a customer hears so", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const baselineReason = "Not enough data for churn scores";
  await publishChurnScores(lake.store, {
    customers: 0,
    modelVersion: "baseline-too-little-data",
    baselineReason,
  });
  const answer = await createClient(lake.store).post(post, { customer_id: "CUST000001" });
  assert.equal(answer.status, 404);
  const { error } = await answer.json() as Problem;
  assert.deepEqual([error.code, error.found], ["customer_not_scored", baselineReason]);
});

/** Bodies that are refused: the code, what was expected, what was found. */
const REFUSED: [unknown, string, RegExp, string | undefined][] = [
  ["{customer_id: 1}", "invalid_json", /JSON such as/, undefined],
  [{ customer_id: 17 }, "invalid_request", /an id as text/, "17"],
  [{ customer_id: "" }, "invalid_request", /at least one character/, `""`],
  [{ customer: "CUST000001" }, "unknown_field", /exactly one of customer_id/, "customer"],
  [{}, "invalid_request", /exactly one of customer_id/, "{}"],
  [["CUST000001"], "invalid_request", /an object with exactly one/, '["CUST000001"]'],
  [{ customer_id: "A", features: { recency_days: 1 } }, "invalid_request", /exactly one of/, undefined],
  [{ customer_ids: [] }, "invalid_request", /1 to 100 customer ids/, "[]"],
  [{ customer_ids: Array(101).fill("A") }, "invalid_request", /1 to 100 customer ids/, undefined],
  [{ features: { recency_days: "long" } }, "invalid_request", /numbers, null if/, '"long"'],
  [{ features: { recency_days: 1e39 } }, "invalid_request", /numbers, null if/, "1e+39"],
  [{ features: { recency_days: "never" } }, "invalid_request", /"none" if/, '"never"'],
  [{ features: { recency_days: [3] } }, "invalid_request", /an object of feature names/, "[3]"],
];

for (const [body, code, expected, found] of REFUSED) {
  testApi(`the body ${JSON.stringify(body).slice(0, 50)} is refused as ${code}`, async ({ post: send }) => {
    const answer = await send(post, body);
    assert.equal(answer.status, 400);
    const { error } = await answer.json() as Problem;
    assert.equal(error.code, code);
    assert.match(error.expected!, expected);
    if (found !== undefined) assert.equal(error.found, found);
    assert.ok(error.remedy);
  });
}

/** Features that no estimate is made from: the code, what was expected and found, what to do. */
const NO_ESTIMATE: [Record<string, unknown>, string, RegExp, RegExp, RegExp][] = [
  [
    { recency: 1, order_count: 2 },
    "unknown_features",
    /recency_days, order_count/,
    /^recency$/,
    /recency_days for recency/,
  ],
  [{ zzz: 1 }, "unknown_features", /names among/, /zzz/, /Correct the names/],
  [
    { order_count: 25 },
    "missing_features",
    /recency_days and order_count, as numbers/,
    /no value for recency_days$/,
    /"recency_days": 40/,
  ],
  [
    { recency_days: null, order_count: 1 },
    "missing_features",
    /recency_days/,
    /no value for recency_days$/,
    /Send/,
  ],
  [{}, "missing_features", /recency_days/, /no value for recency_days and order_count/, /Send/],
  [{ recency_days: -1, order_count: 1 }, "feature_out_of_range", /from 0 to 365/, /^-1$/, /docs/],
  [{ recency_days: 366, order_count: 1 }, "feature_out_of_range", /from 0 to 365/, /366/, /docs/],
  [{ recency_days: 5, order_count: 0 }, "feature_out_of_range", /a whole number from 1/, /0/, /docs/],
  [{ recency_days: 5, order_count: 1.5 }, "feature_out_of_range", /a whole number/, /1.5/, /docs/],
  [
    { recency_days: 5, order_count: 25_000 },
    "feature_out_of_range",
    /to 40 \(.* saw 1 to 4\)/,
    /25000/,
    /docs/,
  ],
  [
    { recency_days: 5, order_count: 2, carts_90d: "none" },
    "feature_out_of_range",
    /a whole number from 0/,
    /none/,
    /docs/,
  ],
];

for (const [features, code, expected, found, remedy] of NO_ESTIMATE) {
  testApi(`the features ${JSON.stringify(features)} are refused as ${code}`, async ({ post: send }) => {
    const answer = await send(post, { features });
    assert.equal(answer.status, 422);
    const { error } = await answer.json() as Problem;
    assert.equal(error.code, code);
    assert.match(error.expected!, expected);
    assert.match(error.found!, found);
    assert.match(error.remedy!, remedy);
  });
}

Deno.test("the baseline scores features by the recency, and refuses what no customer can have", async () => {
  await using lake = await temporaryLake();
  const recency = Array.from({ length: 60 }, (_, i) => i * 5);
  const features = featureMatrix(["recency_days", "order_count"], {
    recency_days: recency,
    order_count: recency.map(() => 1),
  });
  const labels = Uint8Array.from(recency, (days, i) => days > 150 !== (i % 7 === 0) ? 1 : 0);
  const baseline = await recencyBaseline().fit(features, labels);
  const card = {
    name: "churn",
    version: "baseline-1",
    trainedAt: SCORED_AT,
    snapshot: "training-snapshot",
    asOf: AS_OF,
    parameters: {},
    metrics: {},
  };
  await publishBaseline(lake.store, { card, files: baseline.save() });
  const client = createClient(lake.store);
  const ask = async (sent: unknown) => {
    const answer = await client.post(post, { features: sent });
    return { status: answer.status, ...await answer.json() };
  };
  const [alone, withOrders] = [
    await ask({ recency_days: 40 }),
    await ask({ recency_days: 40, order_count: 9 }),
  ];
  assert.deepEqual([alone.status, alone.model_kind, alone.model_version], [200, "baseline", "baseline-1"]);
  assert.equal(withOrders.churn_probability, alone.churn_probability);
  assert.deepEqual(withOrders.reasons.map(({ feature }: { feature: string }) => feature), ["recency_days"]);

  const refusals: [unknown, string, string, string][] = [
    [{}, "missing_features", "recency_days, as a number", "no value for recency_days"],
    [{ order_count: 3 }, "missing_features", "recency_days, as a number", "no value for recency_days"],
    [{ recency_days: "none" }, "missing_features", "recency_days, as a number", "no value for recency_days"],
    [{ recency_days: -5 }, "feature_out_of_range", "a number from 0 to 365", "-5"],
    [{ recency_days: 1e9 }, "feature_out_of_range", "a number from 0 to 365", "1000000000"],
    [{ recency_days: 4, order_count: 0 }, "feature_out_of_range", "a whole number from 1", "0"],
    [{ recency: 4 }, "unknown_features", "names among recency_days, order_count", "recency"],
  ];
  for (const [sent, code, expected, found] of refusals) {
    const { status, error } = await ask(sent);
    assert.deepEqual([status, error.code, error.expected, error.found], [422, code, expected, found]);
  }
  const page = await (await client.get("/docs")).text();
  assert.match(page, /The baseline is in use now/);
});

testApi("a body that is too large or not declared as JSON is refused", async ({ post: send }) => {
  const large = await send(post, JSON.stringify({ customer_id: "x".repeat(70_000) }), {
    "content-length": "70018",
  });
  assert.equal(large.status, 413);
  assert.equal((await large.json() as Problem).error.code, "body_too_large");
  const form = await send(post, "customer_id=CUST000001", {
    "content-type": "application/x-www-form-urlencoded",
  });
  assert.equal(form.status, 415);
  assert.match((await form.json() as Problem).error.expected!, /application\/json/);
});
