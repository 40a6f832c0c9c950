/** Models: rows in, fitted models and scores out. */
export { type Classifier, type ClassifierTrainer } from "./classifier.ts";
export {
  type FeatureMatrix,
  featureMatrix,
  matrixRow,
  pickFeatures,
  stackMatrices,
} from "./feature_matrix.ts";
export { type FeatureInfluence, featureInfluence } from "./feature_influence.ts";
export { type BaselineChurnModel, loadRecencyChurnModel, recencyBaseline } from "./recency_baseline.ts";
export { type TreeClassifier, xgboostTrainer } from "./xgboost_classifier.ts";
export { XGBOOST_DEFAULTS, type XgboostOptions } from "./xgboost_training.ts";
export {
  type ChurnEstimate,
  type ChurnModel,
  type ChurnModelOptions,
  type ChurnPrediction,
  createChurnModel,
  declareChurnModel,
  type DeclaredChurnModel,
  loadChurnModel,
  loadDeclaredChurnModel,
  type Reason,
  type ScoredRow,
} from "./churn_model.ts";
export { type ChurnInputs, churnInputs, type DeclaredFeature, saveChurnInputs } from "./churn_inputs.ts";
export {
  beyondTraining,
  expectedValues,
  type InputProblem,
  inputProblem,
  type SentFeatures,
} from "./churn_input_check.ts";
export type {
  Interaction,
  Recommendation,
  Recommender,
  RecommendOptions,
  SimilarProduct,
} from "./recommendation.ts";
export {
  historiesByCustomer,
  type InteractionColumns,
  interactionTable,
  type SalesColumns,
  salesTable,
} from "./interaction_history.ts";
export { type InteractionTable } from "./interaction_matrix.ts";
export { type ItemItemOptions } from "./item_item_cosine.ts";
export { decayedPopularity, type SalesTable } from "./popularity.ts";
export {
  fitRecommender,
  popularityBaseline,
  RECOMMENDER_PARAMETERS,
  type RecommenderModel,
  type RecommenderParameters,
  type RecommenderTraining,
} from "./recommender_model.ts";
export { createRecommender } from "./recommender.ts";
export { loadRecommender, readRecommender, recommenderFiles } from "./recommender_files.ts";
export { normalCdf, normalDensity, normalLoss, normalQuantile } from "./normal_distribution.ts";
export { type DemandDistribution, demandDistribution } from "./demand_distribution.ts";
export {
  type DailyDemand,
  daysOfCover,
  demandOver,
  economicOrderQuantity,
  type ProtectionInterval,
  reorderPoint,
  safetyStock,
} from "./inventory_policy.ts";
export {
  DEFAULT_INVENTORY_PARAMETERS,
  type InventoryAction,
  type InventoryParameters,
  type InventoryPosition,
  planInventory,
  type PlannedPosition,
} from "./inventory_plan.ts";
export { serviceLevelCurve, type ServiceLevelOutcome } from "./service_level_curve.ts";
