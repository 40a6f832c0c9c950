/** Models of how often customers buy and how much they spend, from arrays of histories; they know no shop. */
export {
  choosePurchaseModel,
  fitPurchaseModel,
  type PurchaseModel,
  type PurchaseModelKind,
} from "./bg_nbd.ts";
export { expectedOfNewCustomer, predictPurchases } from "./expected_purchases.ts";
export { fitMoneyModel, type MoneyModel, predictSpending, type SpendingHistories } from "./gamma_gamma.ts";
export type { PurchaseHistories } from "./histories.ts";
export { checkIndependence, type Independence } from "./independence.ts";
