import assert from "node:assert/strict";
import { fitGowalla, judgeGowalla, PUBLISHED_ITEM_KNN, readGowalla } from "../../fixtures/gowalla.ts";
import { testWith } from "../../requirements.ts";

testWith(["datasets"], "on Gowalla the recommender reaches what is published for item-kNN", async () => {
  const gowalla = await readGowalla();
  const { recall, ndcg, customers } = judgeGowalla(gowalla, fitGowalla(gowalla), 5);
  assert.ok(customers > 5000);
  assert.ok(recall >= PUBLISHED_ITEM_KNN.recallAt20, `recall@20 ${recall}`);
  assert.ok(ndcg >= PUBLISHED_ITEM_KNN.ndcgAt20, `NDCG@20 ${ndcg}`);
});
