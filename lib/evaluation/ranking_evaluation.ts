import { InputError } from "shopflow/errors/mod.ts";
import { ndcgAt, precisionAt, recallAt } from "./ranking_metrics.ts";

/** A customer of the hold-out: what a recommender may know, and what it should find. */
export interface RankingCase<History> {
  history: History;
  relevant: ReadonlySet<string>;
}

/** Means over customers, every customer counting the same. */
export interface RankingQuality {
  customers: number;
  k: number;
  recall: number;
  /** Standard error of the mean recall. */
  recallError: number;
  precision: number;
  ndcg: number;
  /** Share of the catalogue that was recommended to anybody. */
  coverage: number;
}

/**
 * Judges a ranking on held-out products.
 *
 * @param rank the best products for a history, best first; only the first `k` count
 * @param catalogueSize products that could be recommended
 * @throws {InputError} when there is no case, or one without relevant products.
 */
export function evaluateRanking<History>(
  cases: readonly RankingCase<History>[],
  rank: (history: History, k: number) => readonly string[],
  { k, catalogueSize }: { k: number; catalogueSize: number },
): RankingQuality {
  if (cases.length === 0 || cases.some(({ relevant }) => relevant.size === 0)) {
    throw new InputError("Recommendations cannot be judged", {
      expected: "customers with at least one held-out product each",
      found: cases.length === 0 ? "no customers" : "customers without",
    });
  }
  const recommended = new Set<string>();
  let recalls = 0, squares = 0, precisions = 0, ndcgs = 0;
  for (const { history, relevant } of cases) {
    const ranked = rank(history, k);
    for (let place = 0; place < Math.min(k, ranked.length); place++) recommended.add(ranked[place]!);
    const recall = recallAt(ranked, relevant, k);
    recalls += recall;
    squares += recall ** 2;
    precisions += precisionAt(ranked, relevant, k);
    ndcgs += ndcgAt(ranked, relevant, k);
  }
  const customers = cases.length;
  const mean = recalls / customers;
  return {
    customers,
    k,
    recall: mean,
    recallError: customers > 1 ? Math.sqrt((squares / customers - mean ** 2) / (customers - 1)) : 0,
    precision: precisions / customers,
    ndcg: ndcgs / customers,
    coverage: recommended.size / catalogueSize,
  };
}
