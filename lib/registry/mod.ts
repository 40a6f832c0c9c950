/** Model versions and their champion, and the score tables they produce. */
export {
  championCard,
  championVersion,
  currentChampion,
  loadChampion,
  loadModelVersion,
  makeChampion,
  type ModelCard,
  modelCard,
  type ModelVersion,
  readVersionFile,
  saveModelVersion,
  settledDecision,
  type StoredCard,
  trainedChampion,
} from "./model_versions.ts";
export type { Champion } from "./champion.ts";
export type { ComparedFigure, PromotionDecision } from "./promotion_decision.ts";
export { promotionDecisions, recordDecisions } from "./decision_history.ts";
export { findVersion, type ListedVersion, listVersions } from "./list_versions.ts";
export { BASELINE_PREFIX, baselineCard, isBaseline, publishBaseline, servingCard } from "./baselines.ts";
export {
  currentScores,
  earlierScoresPath,
  publishScores,
  requireScores,
  scoresPath,
  type ScoreTable,
  upToDateScores,
} from "./score_tables.ts";
export type { PointerMove } from "./move_pointer.ts";
