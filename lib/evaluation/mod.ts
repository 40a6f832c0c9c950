/** Evaluation: splits that do not leak, and metrics beside baselines. */
export { HELD_OUT, leaveLastOrdersOutSql } from "./leave_last_orders_out.ts";
export { evaluateRanking, type RankingCase, type RankingQuality } from "./ranking_evaluation.ts";
export { ndcgAt, precisionAt, recallAt } from "./ranking_metrics.ts";
