/** What all models share: matrices, trees, evaluation. */
export { addDays, checkAsOf, daysBetween } from "./as_of_date.ts";
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
  writeModelJson,
} from "./matrix.ts";
export {
  auc,
  type CalibrationBin,
  calibrationError,
  calibrationTable,
  classificationMetrics,
  logLoss,
  rocCurve,
} from "./metrics.ts";
export {
  aucDifference,
  heldOutFile,
  heldOutLookup,
  type HeldOutValues,
  meanDifference,
  readHeldOut,
} from "./comparison.ts";
export {
  asked,
  type Judgement,
  loadOpponents,
  type Opponent,
  type Opponents,
  promotionVerdict,
} from "./promotion.ts";
export { sigmoid, treeMargin } from "./xgboost/trees.ts";
export {
  loadTreeClassifier,
  type TreeClassifier,
  XGBOOST_DEFAULTS,
  type XgboostOptions,
  xgboostTrainer,
} from "./xgboost/train.ts";
export { createTreeExplainer, featureInfluence } from "./xgboost/shap.ts";
