import type {
  Interaction,
  Recommendation,
  Recommender,
  RecommendOptions,
  SimilarProduct,
} from "./recommendation.ts";
import type { RecommenderModel } from "./recommender_model.ts";
import { TopK } from "./top_k.ts";

/**
 * Makes a trained model answer. A product's score is Σ over the history of weight × similarity (Sarwar et al.
 * 2001, section 3.2.1, without the rating scale), summed over the kept neighbours of each product of the history.
 */
export function createRecommender(model: RecommenderModel): Recommender {
  const { productIds, neighbours, popularity, parameters } = model;
  const positionOf = new Map(productIds.map((id, i) => [id, i]));
  const byPopularity = mostPopular(popularity);
  const scores = new Float64Array(productIds.length);
  const strongest = new Float64Array(productIds.length);
  const because = new Int32Array(productIds.length);
  const touched: number[] = [];

  /** Adds what one product of the history, `from`, says for `product`. */
  function add(product: number, contribution: number, from: number, purchased: boolean): void {
    if (scores[product] === 0) {
      touched.push(product);
      strongest[product] = 0;
      because[product] = -1;
    }
    scores[product]! += contribution;
    if (purchased && contribution > strongest[product]!) {
      strongest[product] = contribution;
      because[product] = from;
    }
  }

  function popular(n: number): Recommendation[] {
    return Array.from(byPopularity.subarray(0, atLeastZero(n)), (product) => ({
      productId: productIds[product]!,
      score: popularity[product]!,
      because: null,
    }));
  }

  function recommend(
    history: readonly Interaction[],
    n: number,
    options: RecommendOptions = {},
  ): Recommendation[] {
    const excludePurchased = options.excludePurchased ?? parameters.excludePurchased;
    const excluded = new Set<number>();
    let known = false;
    for (const { productId, weight, purchased } of history) {
      const product = positionOf.get(productId);
      if (product === undefined || !(weight > 0)) continue;
      known = true;
      if (excludePurchased && purchased) excluded.add(product);
      if (parameters.selfSimilarity > 0) {
        add(product, weight * parameters.selfSimilarity, product, purchased);
      }
      const end = neighbours.offsets[product + 1]!;
      for (let at = neighbours.offsets[product]!; at < end; at++) {
        add(neighbours.indexes[at]!, weight * neighbours.similarities[at]!, product, purchased);
      }
    }
    if (!known) return popular(n);

    const best = new TopK(atLeastZero(n));
    for (const product of touched) if (!excluded.has(product)) best.offer(product, scores[product]!);
    const personal = best.drain().map(({ index, score }) => ({
      productId: productIds[index]!,
      score,
      because: because[index] === -1 ? null : productIds[because[index]!]!,
    }));
    for (const product of touched) scores[product] = 0;
    touched.length = 0;
    return personal.length < n ? [...personal, ...fill(n - personal.length, personal, excluded)] : personal;
  }

  function fill(n: number, personal: Recommendation[], excluded: Set<number>): Recommendation[] {
    const listed = new Set(personal.map(({ productId }) => productId));
    const filling: Recommendation[] = [];
    for (const product of byPopularity) {
      if (filling.length >= n) break;
      const productId = productIds[product]!;
      if (excluded.has(product) || listed.has(productId)) continue;
      filling.push({ productId, score: 0, because: null });
    }
    return filling;
  }

  function similarItems(productId: string, n: number): SimilarProduct[] {
    const product = positionOf.get(productId);
    if (product === undefined) return [];
    const start = neighbours.offsets[product]!;
    const end = Math.min(neighbours.offsets[product + 1]!, start + atLeastZero(n));
    return Array.from(neighbours.indexes.subarray(start, end), (other, i) => ({
      productId: productIds[other]!,
      similarity: neighbours.similarities[start + i]!,
    }));
  }

  return { productIds, recommend, similarItems, popular };
}

/** Products with any sales, most popular first; among equals the first by id. */
function mostPopular(popularity: Float32Array): Uint32Array {
  const sold = Uint32Array.from(popularity.keys()).filter((product) => popularity[product]! > 0);
  return sold.sort((a, b) => popularity[b]! - popularity[a]! || a - b);
}

function atLeastZero(n: number): number {
  return Math.max(0, Math.floor(n));
}
