/** The figures of the business. */
export { CART_CASE, weeklyCartsSql, weeklySalesSql, wholeWeeks } from "./sales.ts";
