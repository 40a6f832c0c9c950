/** What to show a customer, from interactions to the evaluation. */
export { recommendationModel } from "./definition.ts";
export { evaluateRanking } from "./ranking.ts";
export { historiesByCustomer } from "./matrix.ts";
export { createRecommender } from "./model.ts";
export { loadRecommender } from "./files.ts";
export { backtestRecommender, readRecommenderData, trainRecommender } from "./evaluate.ts";
