import {
  decayedPopularity,
  type Interaction,
  interactionMatrix,
  type InteractionTable,
  type Recommendation,
  type Recommender,
  type RecommendOptions,
  type SalesTable,
  type SimilarProduct,
} from "./matrix.ts";
import { itemItemCosine, type ItemItemOptions, type ItemNeighbours, TopK } from "./similarity.ts";

export interface RecommenderParameters extends ItemItemOptions {
  /** Days in which an order's say in popularity halves. */
  popularityHalfLifeDays: number;
  /** Whether products that the customer bought are left out. */
  excludePurchased: boolean;
  /**
   * Similarity of a product to itself, 0 to 1: how much having bought or looked at a product speaks for
   * recommending that same product. 0 leaves it to the product's neighbours.
   */
  selfSimilarity: number;
}

/** Chosen on test orders of a simulated and of a real shop; see documentation/decisions/recommender.md. */
export const RECOMMENDER_PARAMETERS: RecommenderParameters = {
  neighbours: 100,
  shrinkage: 1,
  customerNormalisation: 1,
  popularityHalfLifeDays: 60,
  excludePurchased: false,
  selfSimilarity: 0.5,
};

/** What a recommender is trained on; customers and days after the as-of date are not in it. */
export interface RecommenderTraining {
  interactions: InteractionTable;
  sales: SalesTable;
}

/** A trained recommender as plain data: what its files hold. */
export interface RecommenderModel {
  parameters: RecommenderParameters;
  /** Sorted; the indexes of `neighbours` and `popularity` are positions in it. */
  productIds: string[];
  neighbours: ItemNeighbours;
  /** Share of the shop's recent orders of each product; sums to 1, or to 0 without sales. */
  popularity: Float32Array;
}

/**
 * Trains item-item neighbours on interactions and popularity on sales. Equal data gives equal models, in
 * whatever order the rows come.
 *
 * @throws {ModelError} when there are no interactions, or a weight or parameter is out of range.
 */
export function fitRecommender(
  { interactions, sales }: RecommenderTraining,
  parameters: RecommenderParameters,
): RecommenderModel {
  const popularity = decayedPopularity(sales, parameters.popularityHalfLifeDays);
  const { productIds, matrix } = interactionMatrix(interactions, [...popularity.keys()]);
  return {
    parameters,
    productIds,
    neighbours: itemItemCosine(matrix, parameters),
    popularity: Float32Array.from(productIds, (product) => popularity.get(product) ?? 0),
  };
}

/**
 * The baseline of recommenders: the best sellers, the same for everybody. A model without neighbours, so that whatever
 * loads a recommender loads this one.
 *
 * @throws {ModelError} when a sale is later than the as-of date.
 */
export function popularityBaseline(sales: SalesTable, parameters: RecommenderParameters): RecommenderModel {
  const popularity = decayedPopularity(sales, parameters.popularityHalfLifeDays);
  const productIds = [...popularity.keys()].sort();
  return {
    parameters: { ...parameters, excludePurchased: false, selfSimilarity: 0 },
    productIds,
    neighbours: {
      offsets: new Uint32Array(productIds.length + 1),
      indexes: new Uint32Array(0),
      similarities: new Float32Array(0),
    },
    popularity: Float32Array.from(productIds, (product) => popularity.get(product)!),
  };
}

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
