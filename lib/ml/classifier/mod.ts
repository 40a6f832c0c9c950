/** Classifiers: rows of features, gradient boosted trees and exact explanations. */
export {
  checkFeatureNames,
  checkTrainingData,
  type Classifier,
  type ClassifierTrainer,
  type FeatureMatrix,
  featureMatrix,
  matrixRow,
  pickFeatures,
  readModelJson,
  stackMatrices,
  takeRows,
  writeModelJson,
} from "./matrix.ts";
export { bestRounds } from "./early_stopping.ts";
export { logisticTrainer } from "./logistic.ts";
export { sigmoid, treeMargin } from "./xgboost/trees.ts";
export {
  fitTreeRegressor,
  loadTreeClassifier,
  type TreeClassifier,
  XGBOOST_DEFAULTS,
  type XgboostOptions,
  xgboostTrainer,
} from "./xgboost/train.ts";
export { createTreeExplainer, featureInfluence } from "./xgboost/explain/explainer.ts";
