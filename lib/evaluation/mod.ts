/** Evaluation: splits that do not leak, and metrics beside baselines. */
export { HELD_OUT, leaveLastOrdersOutSql } from "./leave_last_orders_out.ts";
export { evaluateRanking, type RankingCase, type RankingQuality } from "./ranking_evaluation.ts";
export { ndcgAt, precisionAt, recallAt } from "./ranking_metrics.ts";
export { type CalibrationBin, calibrationError, calibrationTable } from "./calibration_table.ts";
export {
  auc,
  brierScore,
  type ClassificationMetrics,
  classificationMetrics,
  logLoss,
} from "./classification_metrics.ts";
export { rocCurve, type RocPoint } from "./roc_curve.ts";
export {
  labelledDates,
  type TemporalSplit,
  temporalSplit,
  type TemporalSplitOptions,
} from "./temporal_split.ts";
export { type HeldOutCase, heldOutCases, type HeldOutColumns, isNewToCustomer } from "./held_out_cases.ts";
export { aucDifference, meanDifference, type PairedDifference } from "./paired_difference.ts";
export {
  HELD_OUT_FILE,
  heldOutFile,
  heldOutLookup,
  type HeldOutValues,
  readHeldOut,
} from "./held_out_values.ts";
