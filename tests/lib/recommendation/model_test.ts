import { recommenderFiles } from "../../../lib/recommendation/files.ts";
import {
  fitRecommender,
  RECOMMENDER_PARAMETERS,
  type RecommenderTraining,
} from "../../../lib/recommendation/model.ts";
import { createRecommender, loadRecommender } from "shopflow/recommendation/mod.ts";
import assert from "node:assert/strict";
import { recommenderContract } from "../../contracts/recommender_contract.ts";

const fit = (training: RecommenderTraining, parameters = RECOMMENDER_PARAMETERS) =>
  fitRecommender(training, parameters);

recommenderContract("the item-item recommender", {
  fit: (training) => createRecommender(fit(training)),
  save: (training) => recommenderFiles(fit(training)),
});

const twoCustomers: RecommenderTraining = {
  interactions: {
    customerIds: ["ann", "ann", "bob", "bob"],
    productIds: ["tea", "cup", "tea", "pot"],
    weights: [1, 1, 1, 1],
  },
  sales: { productIds: ["soap"], ageDays: [0], orders: [1] },
};

Deno.test("a product that only unknown customers bought is popular, and similar to nothing", () => {
  const recommender = createRecommender(fit(twoCustomers));
  assert.deepEqual(recommender.productIds, ["cup", "pot", "soap", "tea"]);
  assert.deepEqual(recommender.popular(9), [{ productId: "soap", score: 1, because: null }]);
  assert.deepEqual(recommender.similarItems("soap", 9), []);
});

Deno.test("a list that the history cannot fill is filled with popular products of score 0", () => {
  const recommender = createRecommender(fit(twoCustomers, { ...RECOMMENDER_PARAMETERS, selfSimilarity: 0 }));
  const list = recommender.recommend([{ productId: "cup", weight: 1, purchased: true }], 3);
  assert.deepEqual(list.map(({ productId }) => productId), ["tea", "soap"]);
  assert.deepEqual(list[1], { productId: "soap", score: 0, because: null });
});

Deno.test("self-similarity decides whether a purchase speaks for buying again", () => {
  const history = [{ productId: "cup", weight: 1, purchased: true }];
  const listed = (selfSimilarity: number) =>
    createRecommender(fit(twoCustomers, { ...RECOMMENDER_PARAMETERS, selfSimilarity })).recommend(history, 1);
  assert.deepEqual(listed(1), [{ productId: "cup", score: 1, because: "cup" }]);
  assert.equal(listed(0)[0]?.productId, "tea");
});

Deno.test("files of a recommender that are cut, of another format or missing are refused", () => {
  const files = recommenderFiles(fit(twoCustomers));
  const header = files["recommender.json"]!, arrays = files["recommender.bin"]!;
  const damaged: [Record<string, Uint8Array>, RegExp][] = [
    [{ ...files, "recommender.bin": arrays.slice(0, -4) }, /expected \d+ bytes in recommender.bin/],
    [{ ...files, "recommender.json": header.slice(0, 10) }, /expected JSON/],
    [
      { ...files, "recommender.json": new TextEncoder().encode('{"format": 99}') },
      /expected format 1, found 99/,
    ],
    [{ "recommender.json": header }, /expected recommender.bin/],
    [{ ...files, "recommender.bin": arrays.map(() => 255) }, /neighbours that are products/],
  ];
  for (const [broken, message] of damaged) {
    assert.throws(() => loadRecommender(broken), { name: "ModelError", message });
  }
});
