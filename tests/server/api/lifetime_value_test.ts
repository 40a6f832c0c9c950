import assert from "node:assert/strict";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { publishLifetimeValues, publishSmallSnapshot, temporaryLake } from "../small_lake.ts";

testApi(
  "a customer's value of a year is that of the score table, with intervals and versions",
  async ({ get }) => {
    const answer = await get("/lifetime_value/CUST000002");
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), {
      customer_id: "CUST000002",
      horizon_days: 365,
      alive_probability: 0.8,
      expected_purchases: 5,
      expected_purchases_interval: [4, 6.2],
      expected_amount: 40,
      expected_value: 200,
      expected_value_interval: [150, 266],
      as_of: "2024-10-01",
      model_kind: "model",
      model_version: "value-1",
      data_snapshot: "scored-snapshot",
    });
  },
);

testApi("another horizon is computed by the model that made the scores", async ({ get }) => {
  const of = async (days: number) => await (await get(`/lifetime_value/CUST000002?days=${days}`)).json();
  const [month, decade] = [await of(30), await of(3650)];
  assert.ok(month.expected_purchases > 0 && month.expected_purchases < decade.expected_purchases);
  assert.equal(month.alive_probability, decade.alive_probability);
  const [low, high] = decade.expected_value_interval;
  assert.ok(low < decade.expected_value && decade.expected_value < high);
});

testApi("a customer without an order has no value", async ({ get }) => {
  const answer = await get("/lifetime_value/CUST000005");
  assert.equal(answer.status, 404);
  assert.equal((await answer.json() as Problem).error.code, "customer_not_scored");
});

for (const query of ["days=0", "days=3651", "days=2.5", "days=long", "horizon=30"]) {
  testApi(`?${query} of a lifetime value is refused`, async ({ get }) => {
    const answer = await get(`/lifetime_value/CUST000001?${query}`);
    assert.equal(answer.status, 400);
    const { error } = await answer.json() as Problem;
    if (query.startsWith("days")) assert.equal(error.expected, "a whole number from 1 to 3650");
    else assert.equal(error.found, "horizon");
  });
}

Deno.test("without the model, the year of the scores is answered and other horizons are not ready", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  await publishLifetimeValues(lake.store);
  const { get } = createClient(lake.store);
  assert.equal((await get("/lifetime_value/CUST000001")).status, 200);
  assert.equal((await get("/lifetime_value/CUST000001?days=30")).status, 503);
});
