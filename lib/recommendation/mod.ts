/** What to show a customer, from interactions to the evaluation. */
export { recommendationModel } from "./definition.ts";
export { evaluateRanking } from "./ranking.ts";
export { historiesByCustomer, type Interaction, type InteractionColumns } from "./matrix.ts";
export { interactionsSql } from "./interactions.ts";
export { createRecommender, RECOMMENDER_PARAMETERS } from "./model.ts";
export { loadRecommender } from "./files.ts";
export { backtestRecommender, readRecommenderData, trainRecommender } from "./evaluate.ts";
