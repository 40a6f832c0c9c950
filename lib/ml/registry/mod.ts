/** Versions of models, which of them scores, and their scores. */
export {
  type Champion,
  type ComparedFigure,
  type PointerMove,
  type PromotionDecision,
  promotionDecisions,
  recordDecisions,
} from "./champion.ts";
export {
  championCard,
  championVersion,
  currentChampion,
  loadChampion,
  loadModelVersion,
  makeChampion,
  type ModelCard,
  type ModelVersion,
  saveModelVersion,
  settledDecision,
  trainedChampion,
} from "./versions.ts";
export {
  BASELINE_PREFIX,
  findVersion,
  isBaseline,
  type ListedVersion,
  listVersions,
  publishBaseline,
  servingCard,
} from "./list.ts";
export {
  currentScores,
  earlierScoresPath,
  publishScores,
  requireScores,
  scoresNote,
  scoresPath,
  type ScoreTable,
  upToDateScores,
} from "./scores.ts";
