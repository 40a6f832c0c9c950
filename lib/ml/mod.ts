/** What a model is, and what all models share. */
export {
  type Cell,
  type Challenger,
  type IntendedUse,
  leadingMetricText,
  type ModelDefinition,
  type MonitoringDefinition,
  type ScoredRows,
  type ScoringInput,
  type TrainingDefinition,
} from "./model_definition.ts";
export {
  columnSlices,
  defineEndpoint,
  type Endpoint,
  EntityId,
  type InputsDescription,
  kindOf,
  notReady,
  RequestError,
  type Served,
  type ServingDefinition,
  type ShopIndex,
  Versions,
  type VersionsOf,
  versionsOfModel,
  versionsOfScores,
} from "./endpoint.ts";
export {
  evidenceFile,
  type FeatureEvidence,
  type ModelEvidence,
  readEvidence,
  type SliceEvidence,
} from "./evidence.ts";
export {
  addDays,
  type AsOfDate,
  checkAsOf,
  dayAfterLastSale,
  daysBetween,
  salesPeriod,
} from "./as_of_date.ts";
export { mean, valueAt } from "./vectors.ts";
