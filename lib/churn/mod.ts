/** Which customers will not order again, from features to the playbook. */
export { churnModel, churnModelOf } from "./definition.ts";
export { CHURN_HORIZON_DAYS } from "./examples.ts";
export { AS_OF_RULES, type AsOfRule, parseAsOfRule, resolveAsOf } from "./split.ts";
export { playbookOutcome } from "./backtest/backtest.ts";
export { profitCurve, thresholdByValue } from "./backtest/profit.ts";
export { backtestDates } from "./backtest/several_dates.ts";
export { churnSlices } from "./backtest/slices.ts";
export {
  breakEvenRisk,
  campaignEconomics,
  leadingReasons,
  PLAYBOOK_ASSUMPTIONS,
  playbookOf,
  readScoredCustomers,
  scoreCustomers,
} from "./playbook.ts";
export { gapsText, orderGaps } from "./study/gaps.ts";
export { type LapsedCost, lapsedCost, monthlyLapsedSql, planChurnStudy } from "./study/study.ts";
