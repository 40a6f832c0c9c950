import { evaluateRanking, ndcgAt, precisionAt, recallAt } from "../../../lib/recommendation/ranking.ts";
import assert from "node:assert/strict";

const RANKED = ["a", "b", "c", "d", "e"];

Deno.test("recall is the share of relevant products found, precision the share of places used well", () => {
  const relevant = new Set(["b", "e", "x", "y"]);
  assert.equal(recallAt(RANKED, relevant, 3), 1 / 4);
  assert.equal(recallAt(RANKED, relevant, 5), 2 / 4);
  assert.equal(precisionAt(RANKED, relevant, 5), 2 / 5);
  assert.equal(precisionAt(RANKED, relevant, 10), 2 / 10);
});

Deno.test("NDCG rewards early hits against the best possible list", () => {
  // Hits at places 2 and 5 of 2 relevant: (1/log2 3 + 1/log2 6) / (1 + 1/log2 3) = 1.017782 / 1.630930.
  assert.ok(Math.abs(ndcgAt(RANKED, new Set(["b", "e"]), 5) - 0.624050) < 1e-6);
  assert.equal(ndcgAt(RANKED, new Set(["a", "b"]), 5), 1);
  assert.equal(ndcgAt(RANKED, new Set(["a", "b", "c", "x"]), 3), 1);
  assert.equal(ndcgAt(RANKED, new Set(["x"]), 5), 0);
});

Deno.test("an evaluation averages over customers and counts what was ever recommended", () => {
  const cases = [
    { history: ["a", "b"], relevant: new Set(["a"]) },
    { history: ["c", "a"], relevant: new Set(["x", "a"]) },
  ];
  const quality = evaluateRanking(cases, (history) => history, { k: 2, catalogueSize: 6 });
  assert.deepEqual([quality.customers, quality.recall, quality.precision, quality.coverage], [
    2,
    0.75,
    0.5,
    0.5,
  ]);
  assert.equal(quality.recallError, 0.25);
});

Deno.test("an evaluation of nobody, or of somebody with nothing to find, is refused", () => {
  const options = { k: 2, catalogueSize: 6 };
  assert.throws(() => evaluateRanking([], () => [], options), { name: "InputError" });
  const cases = [{ history: [], relevant: new Set<string>() }];
  assert.throws(() => evaluateRanking(cases, () => [], options), { name: "InputError" });
});
