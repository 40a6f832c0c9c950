/** Which customers will not order again, from features to the playbook. */
export { churnModel, churnModelOf } from "./definition.ts";
export { CHURN_HORIZON_DAYS } from "./examples.ts";
export { AS_OF_RULES, type AsOfRule, parseAsOfRule, resolveAsOf } from "./split.ts";
export { backtestChurn, playbookOutcome } from "./backtest/backtest.ts";
export {
  breakEvenRisk,
  campaignEconomics,
  leadingReasons,
  PLAYBOOK_ASSUMPTIONS,
  playbookOf,
  readScoredCustomers,
  scoreCustomers,
} from "./playbook.ts";
export { type LapsedCost, lapsedCost, monthlyLapsedSql, planChurnStudy } from "./study/study.ts";
