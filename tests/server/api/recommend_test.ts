import assert from "node:assert/strict";
import { type Problem, testApi } from "../api_client.ts";

testApi(
  "recommendations come by rank with names, scores, the purchase behind them and versions",
  async ({ get }) => {
    const answer = await get("/recommend/CUST000001?n=2");
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), {
      customer_id: "CUST000001",
      source: "model",
      items: [
        {
          product_id: "PROD00001",
          product_name: "Product 1",
          category: null,
          score: 1,
          because: { product_id: "PROD00002", product_name: "Product 2" },
        },
        { product_id: "PROD00002", product_name: "Product 2", category: "Books", score: 0.5, because: null },
      ],
      as_of: "2024-10-01",
      model_kind: "model",
      model_version: "rec-1",
      data_snapshot: "scored-snapshot",
    });
  },
);

testApi("an unknown customer gets the best sellers", async ({ get }) => {
  const answer = await get("/recommend/SOMEBODY%20NEW");
  assert.equal(answer.status, 200);
  const { source, items, data_snapshot } = await answer.json();
  assert.equal(source, "popularity");
  assert.equal(items[0].product_id, "PROD00001");
  assert.equal(data_snapshot, "training-snapshot");
});

testApi("without n there are five, or as many as were scored", async ({ get }) => {
  const { items } = await (await get("/recommend/CUST000002")).json();
  assert.equal(items.length, 4);
});

for (const query of ["n=0", "n=21", "n=2.5", "n=five", "n=", "n=1&n=2"]) {
  testApi(`?${query} is refused with the range`, async ({ get }) => {
    const answer = await get(`/recommend/CUST000001?${query}`);
    assert.equal(answer.status, 400);
    const { error } = await answer.json() as Problem;
    assert.equal(error.expected, "a whole number from 1 to 20");
    assert.match(error.message, /^n in the query/);
  });
}

testApi("an unknown query parameter is refused rather than ignored", async ({ get }) => {
  const answer = await get("/recommend/CUST000001?count=3");
  assert.equal(answer.status, 400);
  assert.equal((await answer.json() as Problem).error.found, "count");
});
