import assert from "node:assert/strict";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { publishChurnScores, publishSmallSnapshot, temporaryLake } from "../small_lake.ts";

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
      risk_band: "high",
      action: { type: "discount", discount_percent: 15, text: "Offer a 15 % discount." },
      as_of: "2024-10-01",
      model_kind: "model",
      model_version: "churn-1",
      data_snapshot: "scored-snapshot",
    });
    assert.equal(reasons.length, 5);
    assert.deepEqual(reasons[0], {
      feature: "recency_days",
      value: 100,
      contribution: 1,
      text: "100 days since the last order",
    });
  },
);

testApi("a risk at or below the playbook's limit gets no discount", async ({ post: send }) => {
  const { churn_probability, risk_band, action } = await (await send(post, { customer_id: "CUST000002" }))
    .json();
  assert.equal(churn_probability, 0.45);
  assert.equal(risk_band, "medium");
  assert.equal(action.type, "none");
});

testApi("features are scored by the current model, and those left out are named", async ({ post: send }) => {
  const loyal = await (await send(post, { features: { recency_days: 5 } })).json();
  const leaving = await (await send(post, { features: { recency_days: 280 } })).json();
  assert.ok(loyal.churn_probability < 0.4 && leaving.churn_probability > 0.6);
  assert.deepEqual(leaving.missing_features, ["order_count"]);
  assert.equal(leaving.reasons[0].feature, "recency_days");
  assert.deepEqual([leaving.model_version, leaving.data_snapshot], ["churn-1", "training-snapshot"]);
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
  const baselineReason = "There is too little data for any churn score";
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
  [{ customer_id: "x".repeat(21) }, "invalid_request", /1 to 20 characters/, `"${"x".repeat(21)}"`],
  [{ customer: "CUST000001" }, "unknown_field", /exactly one of customer_id/, "customer"],
  [{}, "invalid_request", /exactly one of customer_id/, "{}"],
  [["CUST000001"], "invalid_request", /an object with exactly one/, '["CUST000001"]'],
  [{ customer_id: "A", features: { recency_days: 1 } }, "invalid_request", /exactly one of/, undefined],
  [{ customer_ids: [] }, "invalid_request", /1 to 100 customer ids/, "[]"],
  [{ customer_ids: Array(101).fill("A") }, "invalid_request", /1 to 100 customer ids/, undefined],
  [{ features: { recency: 1 } }, "invalid_features", /recency_days, order_count/, "recency"],
  [{ features: { recency_days: "long" } }, "invalid_request", /numbers, or null/, '"long"'],
  [{ features: { recency_days: 1e39 } }, "invalid_request", /numbers, or null/, "1e+39"],
  [{ features: { recency_days: null } }, "invalid_features", /one or more of/, "no value"],
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
