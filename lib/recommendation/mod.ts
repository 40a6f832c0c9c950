/** What to show a customer, from interactions to the evaluation. */
export { evaluateRanking } from "./ranking.ts";
export { INTERACTION_HALF_LIFE_DAYS, INTERACTION_WEIGHTS, interactionsSql } from "./interactions.ts";
export {
  historiesByCustomer,
  type Interaction,
  type InteractionColumns,
  type Recommender,
  salesTable,
} from "./matrix.ts";
export { createRecommender, popularityBaseline, RECOMMENDER_PARAMETERS } from "./model.ts";
export { loadRecommender, recommenderFiles } from "./files.ts";
export {
  backtestRecommender,
  judgeRecommenderChallenger,
  readRecommenderData,
  recommenderHeldOut,
  trainRecommender,
} from "./evaluate.ts";
export { clickThroughFor, RECOMMENDATION_CASE, recommendationSales } from "./business_case.ts";
