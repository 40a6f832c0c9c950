/** What the business says of itself, the weekly numbers, how fresh they are, and what recommendations are worth. */
export { type Business, formatMoney, formatNumber, moneyLabel, parseBusiness } from "./business.ts";
export {
  dayText,
  type Freshness,
  FRESHNESS_LIMITS,
  type FreshnessLimits,
  freshnessOf,
  ordersUntilText,
} from "./freshness.ts";
export {
  formatChanges,
  formatLapsedCost,
  formatPointChanges,
  formatShare,
  formatStatedShare,
  formatTrouble,
  LAPSED,
  lapsedMetric,
  type LapsedMonth,
  numberOfFigure,
} from "./headlines.ts";
export {
  clickThroughFor,
  recommendationSales,
  weeklyCartsSql,
  weeklySalesSql,
  wholeMonths,
  wholeWeeks,
} from "./sales.ts";
