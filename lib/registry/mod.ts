/** Model versions and their champion, and the score tables they produce. */
export {
  championCard,
  championVersion,
  loadChampion,
  makeChampion,
  type ModelCard,
  type ModelVersion,
  saveModelVersion,
  trainedChampion,
} from "./model_versions.ts";
export {
  currentScores,
  publishScores,
  requireScores,
  type ScoreTable,
  upToDateScores,
} from "./score_tables.ts";
export type { PointerMove } from "./move_pointer.ts";
