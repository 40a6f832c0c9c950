import assert from "node:assert/strict";
import { type Problem, testApi } from "../api_client.ts";

testApi("a product's plan has a row for each warehouse, with versions", async ({ get }) => {
  const { plan, ...rest } = await (await get("/inventory/PROD00001")).json();
  assert.deepEqual(rest, {
    product_id: "PROD00001",
    product_name: "Product 1",
    as_of: "2024-10-01",
    model_kind: "model",
    model_version: "plan-1",
    data_snapshot: "scored-snapshot",
  });
  assert.deepEqual(plan.map((row: { warehouse_id: string }) => row.warehouse_id), [
    "WH-EU-CENTRAL",
    "WH-US-EAST",
  ]);
  assert.equal(plan[0].order_quantity, 20);
  assert.equal(plan[0].action, "order now");
});

testApi("a product without inventory data has an empty plan that says why", async ({ get }) => {
  const answer = await get("/inventory/PROD00004");
  assert.equal(answer.status, 200);
  const { plan, note } = await answer.json();
  assert.deepEqual(plan, []);
  assert.match(note, /no inventory data/);
});

testApi("an unknown product is not found, with one that exists", async ({ get }) => {
  const answer = await get("/inventory/PROD99999");
  assert.equal(answer.status, 404);
  const { error } = await answer.json() as Problem;
  assert.equal(error.found, "PROD99999");
  assert.match(error.remedy!, /such as PROD00001/);
});
