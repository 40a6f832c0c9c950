/** Which customers will not order again, from features to the playbook. */
export {
  CHURN_FEATURES,
  CHURN_HORIZON_DAYS,
  CHURN_POPULATION_DAYS,
  churnFeaturesSql,
} from "./features/features.ts";
export {
  AS_OF_RULES,
  type AsOfRule,
  labelledDates,
  parseAsOfRule,
  resolveAsOf,
  temporalSplit,
} from "./split.ts";
export { readChurnExamples, salesPeriod } from "./examples.ts";
export { type BaselineChurnModel, loadRecencyChurnModel, recencyBaseline } from "./baseline.ts";
export {
  beyondTraining,
  type DeclaredFeature,
  expectedValues,
  inputProblem,
  saveChurnInputs,
  type SentFeatures,
} from "./inputs.ts";
export {
  type ChurnModel,
  type ChurnPrediction,
  type DeclaredChurnModel,
  loadChurnModel,
  loadDeclaredChurnModel,
  type Reason,
} from "./model.ts";
export {
  backtestChurn,
  type ChurnBacktest,
  churnHeldOut,
  judgeChurnChallenger,
  playbookOutcome,
} from "./evaluate.ts";
export {
  breakEvenRisk,
  campaignEconomics,
  CHURN_CASE,
  CHURN_PLAYBOOK,
  type ChurnPlaybook,
  leadingReasons,
  readScoredCustomers,
  scoreCustomers,
  yearlyChurnLoss,
} from "./playbook.ts";
export { cohortRetentionSql, monthlyChurnSql, planChurnStudy } from "./study.ts";
