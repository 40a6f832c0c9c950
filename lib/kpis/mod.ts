/** What the business says of itself, the weekly figures, and what recommendations are worth. */
export { type Business, formatMoney, moneyLabel, readBusiness, type Trouble } from "./business.ts";
export { clickThroughFor, recommendationSales } from "./recommendation_funnel.ts";
export { weeklyCartsSql, weeklySalesSql, wholeWeeks } from "./sales.ts";
