/**
 * The recommender on 29,858 customers × 40,981 products with 810,128 interactions. Floors: turning the interactions
 * into a sparse matrix (fit cannot be quicker than reading its input), and copying the list of popular products.
 */
import { interactionMatrix } from "../../lib/recommendation/matrix.ts";
import { recommenderFiles } from "../../lib/recommendation/files.ts";
import { createRecommender, loadRecommender } from "shopflow/recommendation/mod.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fitGowalla, historyOf, judgeGowalla, PUBLISHED_ITEM_KNN, readGowalla } from "../fixtures/gowalla.ts";
import { TEST_DATASETS } from "../requirements.ts";

if (!existsSync(join(TEST_DATASETS, "gowalla"))) {
  Deno.bench({
    name: `recommendation (ignored: no data sets at ${TEST_DATASETS})`,
    ignore: true,
    fn: () => {},
  });
} else {
  const gowalla = await readGowalla();
  const model = fitGowalla(gowalla);
  const { recall, ndcg, customers } = judgeGowalla(gowalla, model);
  console.log(
    `Gowalla, ${customers} customers: recall@20 ${
      recall.toFixed(4)
    } (published item-kNN ${PUBLISHED_ITEM_KNN.recallAt20}), ` +
      `NDCG@20 ${ndcg.toFixed(4)} (${PUBLISHED_ITEM_KNN.ndcgAt20})`,
  );
  const recommender = createRecommender(model);
  const files = recommenderFiles(model);
  const size = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  console.log(`model files: ${(size / 1e6).toFixed(1)} MB`);
  const customerIds = gowalla.train.flatMap((items, user) => items.map(() => String(user)));
  const productIds = gowalla.train.flat();
  const weights = new Float64Array(productIds.length).fill(1);

  Deno.bench("interactions to a sparse matrix", { group: "fit", baseline: true, n: 3, warmup: 0 }, () => {
    interactionMatrix({ customerIds, productIds, weights });
  });
  Deno.bench("fit", { group: "fit", n: 3, warmup: 0 }, () => void fitGowalla(gowalla));
  Deno.bench("load the model's files", { group: "fit", n: 10, warmup: 0 }, () => void loadRecommender(files));

  let user = 0;
  const next = () => gowalla.train[user = (user + 1) % gowalla.train.length]!;
  Deno.bench(
    "20 popular products",
    { group: "one customer", baseline: true },
    () => void recommender.popular(20),
  );
  Deno.bench("20 recommendations", { group: "one customer" }, () => {
    recommender.recommend(historyOf(next()), 20);
  });
  Deno.bench("20 similar products", { group: "one customer" }, () => {
    recommender.similarItems(next()[0] ?? "0", 20);
  });
}
