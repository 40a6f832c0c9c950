/** How good a model is, and whether it becomes champion. */
export { bootstrapIntervals, type Interval } from "./bootstrap.ts";
export {
  calibrate,
  type CalibrationChoice,
  type CalibrationMethod,
  type Calibrator,
  chooseCalibration,
} from "./calibration.ts";
export { rankedMetrics, rankRows } from "./ranked.ts";
export { auc, type CalibrationBin, calibrationTable, logLoss, rocCurve } from "./metrics.ts";
export {
  aucDifference,
  meanDifference,
  predictionLookup,
  readTestPredictions,
  type TestPredictions,
  testPredictionsFile,
} from "./comparison.ts";
export {
  type Comparison,
  loadOpponents,
  type Opponent,
  type Opponents,
  promotionVerdict,
  tryScore,
} from "./promotion.ts";
export type { MetricComparison } from "../registry/champion.ts";
