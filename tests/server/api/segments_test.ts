import assert from "node:assert/strict";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";

testApi("the segment of a customer says what to do, and which way the customer moved", async ({ get }) => {
  const answer = await (await get("/segments/CUST000001")).json();
  assert.deepEqual(
    [
      answer.segment,
      answer.name,
      answer.segment_before,
      answer.direction,
      answer.net_sales,
      answer.r,
      answer.as_of,
    ],
    ["at-risk", "At risk", "loyal", "down", 310.46, 2, "2024-10-01"],
  );
  assert.match(answer.action, /offer/);
  const none = await (await get("/segments/CUST000005")).json();
  assert.deepEqual([none.segment, none.direction, none.recency_days, none.r], [
    "no-order",
    "came",
    null,
    null,
  ]);
});

testApi("a customer who is not known is refused", async ({ get }) => {
  const answer = await get("/segments/CUST999999");
  assert.equal(answer.status, 404);
  assert.match((await answer.json() as Problem).error.remedy ?? "", /dim_customers.*2024-10-01/);
});

Deno.test("before the first scoring there are no segments, and the answer says what to run", async () => {
  await using lake = await temporaryLake();
  const answer = await createClient(lake.store).get("/segments/CUST000001");
  assert.equal(answer.status, 503);
  assert.equal((await answer.json() as Problem).error.code, "not_ready");
});
