import { formatCount } from "shopflow/runtime/mod.ts";
import {
  type Cell,
  type Challenger,
  dayAfterLastSale,
  type ModelDefinition,
  type ScoredRows,
  type ScoringInput,
} from "shopflow/ml/mod.ts";
import type { IntendedUse } from "shopflow/ml/card/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import {
  backtestRecommender,
  compareRecommender,
  readRecommenderData,
  recommenderTestPredictions,
  trainRecommender,
} from "./evaluate.ts";
import { loadRecommender, recommenderFiles } from "./files.ts";
import { INTERACTION_HALF_LIFE_DAYS, INTERACTION_WEIGHTS, interactionsSql } from "./interactions.ts";
import {
  historiesByCustomer,
  type Interaction,
  type InteractionColumns,
  type Recommender,
  salesTable,
} from "./matrix.ts";
import { popularityBaseline, RECOMMENDER_PARAMETERS } from "./model.ts";
import {
  RECOMMENDATION_SERVING,
  RECOMMENDATIONS_PER_CUSTOMER,
  type RecommendationScores,
} from "./serving.ts";

/** What model cards say of the recommendations. */
const RECOMMENDATION_USE: IntendedUse = {
  purpose: "To fill the places of a page or an e-mail with products that a customer is likely to want next.",
  notFor: "deciding which products to stock or to drop: what nobody could see is not recommended.",
  limits: [
    "It was measured on what customers bought without it, which is not what they would buy because of it.",
    "Customers without history get the best sellers; new products are not recommended until somebody bought or viewed them.",
  ],
};

/** The recommendation model: what to show a customer. */
export const recommendationModel: ModelDefinition<Recommender, RecommendationScores> = {
  name: "recommendation",
  module: new URL(import.meta.url),
  parameters: {
    ...RECOMMENDER_PARAMETERS,
    interactionWeights: INTERACTION_WEIGHTS,
    interactionHalfLifeDays: INTERACTION_HALF_LIFE_DAYS,
  },
  asOf: dayAfterLastSale,
  training: {
    leadingMetric: { label: "NDCG@10", metric: "ndcg_at_10" },
    baselineName: "popularity",
    use: RECOMMENDATION_USE,
    fit: fitOnAllOrders,
    async fitBaseline(session) {
      const { sales } = await readRecommenderData(session, await dayAfterLastSale(session));
      return recommenderFiles(popularityBaseline(salesTable(sales), RECOMMENDER_PARAMETERS));
    },
    load: loadRecommender,
    missingFeatures(files) {
      // A recommender has no features; what matters is that it can be read.
      loadRecommender(files);
      return [];
    },
  },
  scoreTable: {
    name: "recommendations",
    subject: "customer",
    meaning: "The 20 best products for every customer who bought or viewed something. With the baseline, " +
      "everybody gets the best sellers, with their share of recent orders as `score`.",
    columns: [
      ["customer_id", "VARCHAR", "the customer"],
      ["rank", "INTEGER", "1 is the best"],
      ["product_id", "VARCHAR", "the product"],
      [
        "score",
        "DOUBLE",
        "sum over the history of weight × similarity; 0 for a best seller that fills up the list",
      ],
      [
        "because",
        "VARCHAR",
        "the purchase that contributes most to the score (itself when bought before); null where no " +
        "purchase does",
      ],
    ],
    score: recommendToAll,
    describe: ({ rows }) => `${formatCount(rows)} recommendations`,
  },
  serving: RECOMMENDATION_SERVING,
};

/** Evaluates on the last orders of each customer with a stand-in that has not seen them, then fits on all orders. */
async function fitOnAllOrders(session: Session): Promise<Challenger> {
  const asOf = await dayAfterLastSale(session);
  const backtest = await backtestRecommender(session, asOf);
  const model = trainRecommender(await readRecommenderData(session, asOf));
  return {
    asOf,
    metrics: backtest.metrics,
    files: recommenderFiles(model),
    predictions: recommenderTestPredictions(backtest),
    evidence: {
      data: [
        `Learned from all orders and views before ${asOf}.`,
        "Measured with a stand-in that had not seen the last orders of each customer, on those orders.",
      ],
      features: [],
    },
    summary: `${formatCount(model.productIds.length)} products`,
    compare: (opponents) => compareRecommender(backtest, opponents),
  };
}

/**
 * Recommends products to every customer who bought or looked at something. The snapshot may be newer than the model:
 * what customers did since then counts. The baseline gives everybody the best sellers.
 */
async function recommendToAll(
  { session, asOf, model, isBaseline }: ScoringInput<Recommender>,
): Promise<ScoredRows> {
  const columns = await session.columns(interactionsSql(asOf));
  const histories = historiesByCustomer(columns as unknown as InteractionColumns);
  const recommend = isBaseline
    ? () => model.popular(RECOMMENDATIONS_PER_CUSTOMER)
    : (history: readonly Interaction[]) => model.recommend(history, RECOMMENDATIONS_PER_CUSTOMER);
  function* rows(): Generator<Cell[]> {
    for (const [customerId, history] of histories) {
      let rank = 0;
      for (const { productId, score, because } of recommend(history)) {
        yield [customerId, ++rank, productId, score, because];
      }
    }
  }
  return {
    rows: rows(),
    maxRows: histories.size * RECOMMENDATIONS_PER_CUSTOMER,
    summary: (scored) =>
      `${formatCount(scored)} recommendations for ${formatCount(histories.size)} customers`,
  };
}
