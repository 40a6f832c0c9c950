/** What the business says of itself, the weekly figures, and what recommendations are worth. */
export { type Business, formatMoney, moneyLabel, readBusiness } from "./business.ts";
export {
  formatChanges,
  formatLapsedCost,
  formatPointChanges,
  formatShare,
  formatTrouble,
  LAPSED,
  lapsedMetric,
  type LapsedMonth,
} from "./headlines.ts";
export {
  clickThroughFor,
  recommendationSales,
  weeklyCartsSql,
  weeklySalesSql,
  wholeMonths,
  wholeWeeks,
} from "./sales.ts";
