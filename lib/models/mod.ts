/** Models: rows in, fitted models and scores out. */
export { type Classifier, type ClassifierTrainer } from "./classifier.ts";
export { type FeatureMatrix, featureMatrix, matrixRow, stackMatrices } from "./feature_matrix.ts";
export { recencyBaseline } from "./recency_baseline.ts";
export { type TreeClassifier, xgboostTrainer } from "./xgboost_classifier.ts";
export { XGBOOST_DEFAULTS, type XgboostOptions } from "./xgboost_training.ts";
export {
  type ChurnModel,
  type ChurnModelOptions,
  type ChurnPrediction,
  createChurnModel,
  loadChurnModel,
  type Reason,
} from "./churn_model.ts";
