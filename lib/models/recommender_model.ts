import { interactionMatrix, type InteractionTable } from "./interaction_matrix.ts";
import { itemItemCosine, type ItemItemOptions, type ItemNeighbours } from "./item_item_cosine.ts";
import { decayedPopularity, type SalesTable } from "./popularity.ts";

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

/** Chosen on held-out orders of a simulated and of a real shop; see documentation/decisions/recommender.md. */
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
