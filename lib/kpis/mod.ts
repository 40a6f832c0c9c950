/** The business's own statement of its case, and the weekly numbers. */
export { BUSINESS_CASE, clickThroughFor, recommendationSales, yearlyChurnLoss } from "./business_case.ts";
export {
  type Freshness,
  FRESHNESS_LIMITS,
  type FreshnessLimits,
  freshnessOf,
  ordersUntilText,
} from "./freshness.ts";
export { weeklyCartsSql, weeklySalesSql, wholeWeeks } from "./sales.ts";
