import { TopK } from "../../../lib/recommendation/similarity.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";

Deno.test("the top k of any offers are those of a full sort, ties going to the lower index", () => {
  const random = createRandom(3, "top_k");
  for (let round = 0; round < 50; round++) {
    const offers = Array.from({ length: 40 }, (_, index) => ({ index, score: Math.floor(random() * 10) }));
    const k = 1 + Math.floor(random() * 45);
    const top = new TopK(k);
    for (const { index, score } of offers.toSorted(() => random() - 0.5)) top.offer(index, score);
    const sorted = offers.toSorted((a, b) => b.score - a.score || a.index - b.index);
    assert.deepEqual(top.drain(), sorted.slice(0, k));
    assert.deepEqual(top.drain(), [], "draining starts anew");
  }
});

Deno.test("the top 0 are none", () => {
  const top = new TopK(0);
  top.offer(1, 1);
  assert.deepEqual(top.drain(), []);
});
