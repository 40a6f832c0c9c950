/** Versions of models, which of them scores, and their scores. */
export { type Champion, type PromotionDecision, promotionDecisions, recordDecisions } from "./champion.ts";
export {
  championCard,
  championVersion,
  currentChampion,
  earlierDecision,
  loadChampion,
  loadModelVersion,
  type ModelCard,
  type ModelVersion,
  promoteVersion,
  reusableChampion,
  saveModelVersion,
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
