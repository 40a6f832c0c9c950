/** Builds selected models and runs their tests, without publishing anything. */
export { type TrialResult, tryModels } from "./try_models.ts";
