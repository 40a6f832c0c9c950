/** What a model is, and what all models share. */
export {
  type Cell,
  type Challenger,
  leadingMetricText,
  type ModelDefinition,
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
  addDays,
  type AsOfDate,
  checkAsOf,
  dayAfterLastSale,
  daysBetween,
  salesPeriod,
} from "./as_of_date.ts";
export { mean, valueAt } from "./vectors.ts";
