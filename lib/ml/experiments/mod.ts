/** Experiments: trials with their parameters and metrics, comparison, search, pictures, export to MLflow. */
export { createExperiment, type Experiment } from "./experiment.ts";
export type { ParameterValue, Trial, TrialSource } from "./trial.ts";
export {
  type ExperimentSummary,
  findTrial,
  listExperiments,
  listTrials,
  type TrialCache,
  trialPredictions,
} from "./store.ts";
export {
  bestFirst,
  type Direction,
  fieldValue,
  findField,
  findMetric,
  namesOf,
  sortTrials,
  usualDirection,
  valueText,
  varyingParameters,
  whereTrials,
} from "./select.ts";
export { compareTrials, differenceText, type PairedComparison } from "./compare.ts";
export { learningCurves, parallelCoordinates } from "./pictures.ts";
export { search } from "./search.ts";
export { mlflowExperiment, mlflowRun } from "./mlflow.ts";
