import { fitGowalla, judgeGowalla, PUBLISHED_ITEM_KNN, readGowalla } from "../../fixtures/gowalla.ts";
import type { PublishedComparison } from "./comparison.ts";

const SOURCE = "item-kNN in the BARS benchmark, Gowalla_m1";

/** Recommendation from implicit feedback. */
export const gowalla: PublishedComparison = {
  name: "gowalla",
  about:
    "29,858 users, 40,981 places, the split of the literature; all items ranked, those of the training masked",
  async results() {
    const data = await readGowalla();
    const { recall, ndcg } = judgeGowalla(data, fitGowalla(data));
    const result = (name: string, ours: number, published: number) =>
      ({ name, ours, published, source: SOURCE, better: "higher", decimals: 4 }) as const;
    return [
      result("recall@20", recall, PUBLISHED_ITEM_KNN.recallAt20),
      result("NDCG@20", ndcg, PUBLISHED_ITEM_KNN.ndcgAt20),
    ];
  },
};
