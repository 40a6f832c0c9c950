/** The business's questions, rules and figures, asked of the models and the warehouse. */
export {
  backtestChurn,
  type ChurnBacktest,
  type ChurnBacktestOptions,
  churnHeldOut,
  type PlaybookOutcome,
  playbookOutcome,
} from "./churn_backtest.ts";
export { cohortRetentionSql, monthlyChurnSql } from "./churn_curves.ts";
export { type ChurnExamples, readChurnExamples, readChurnFeatures, salesPeriod } from "./churn_examples.ts";
export { type ChurnStudy, planChurnStudy } from "./churn_study.ts";
export {
  leadingReasons,
  readScoredCustomers,
  scoreCustomers,
  type ScoredCustomer,
  type ScoredList,
} from "./customers_at_risk.ts";
export { scoresNote } from "./scores_note.ts";
export { CHURN_CASE, yearlyChurnLoss } from "./churn_loss.ts";
export {
  breakEvenRisk,
  type CampaignEconomics,
  campaignEconomics,
  CHURN_PLAYBOOK,
  type ChurnPlaybook,
  type CustomerAtRisk,
  usualSpend,
} from "./churn_playbook.ts";
export {
  backtestRecommender,
  type Ranking,
  type RecommenderBacktest,
  recommenderHeldOut,
} from "./recommender_backtest.ts";
export { readRecommenderData, type RecommenderData, trainRecommender } from "./recommender_training.ts";
export { DEMAND_WINDOW_DAYS, planShopInventory, type ShopInventory } from "./shop_inventory.ts";
export {
  clickThroughFor,
  RECOMMENDATION_CASE,
  type RecommendationFunnel,
  recommendationSales,
} from "./recommendation_case.ts";
export { type Judgement, promotionVerdict, type Verdict } from "./promotion_rule.ts";
export { loadOpponents, type Opponent, type Opponents } from "./opponents.ts";
export { judgeChurnChallenger } from "./churn_challenge.ts";
export { judgeRecommenderChallenger } from "./recommender_challenge.ts";
export { weeklySalesSql, type WholeWeeks, wholeWeeks } from "./weekly_sales.ts";
export { CART_CASE, weeklyCartsSql } from "./abandoned_carts.ts";
export { STOCK_CASE } from "./stock_case.ts";
