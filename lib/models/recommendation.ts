/** One product that a customer has dealt with, as the recommender takes it. */
export interface Interaction {
  productId: string;
  /** Strength of the interest, above 0; see `interactionsSql` of lib/features for the stated weights. */
  weight: number;
  /** Whether it was bought, and not only looked at or put into a cart. */
  purchased: boolean;
}

export interface Recommendation {
  productId: string;
  /**
   * Personal recommendations: sum over the history of weight × cosine similarity. Popular ones: share of the
   * shop's recent sales. A list that the history cannot fill is filled up with popular products of score 0.
   */
  score: number;
  /** The purchase that speaks most for this product; null where no purchase does. */
  because: string | null;
}

/** A product that is bought and looked at by the same customers. */
export interface SimilarProduct {
  productId: string;
  /** Cosine similarity, above 0 and at most 1. */
  similarity: number;
}

export interface RecommendOptions {
  /** Leave out what was bought before; by default what the model was trained with. */
  excludePurchased?: boolean;
}

/** What every recommender of the shop can be asked; tests/contracts/recommender_contract.ts is its contract. */
export interface Recommender {
  /** Products in the model, sorted. */
  readonly productIds: readonly string[];
  /** The `n` best products for this history, best first; for a history without a known product, `popular(n)`. */
  recommend(history: readonly Interaction[], n: number, options?: RecommendOptions): Recommendation[];
  /** The `n` products most like this one, best first; empty for a product that is not in the model. */
  similarItems(productId: string, n: number): SimilarProduct[];
  /** The `n` products that sell best at present, best first: the answer for an unknown customer. */
  popular(n: number): Recommendation[];
}
