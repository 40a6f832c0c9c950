/** What customers will buy and whether they still are customers, from transactions to the score table. */
export { lifetimeValueModel } from "./definition.ts";
export { backtestLifetimeValue, shopHoldout } from "./evaluate.ts";
export { fitLifetimeValue, fitLifetimeValueModel, valueCustomers } from "./fit.ts";
export { expectedCumulative } from "./holdout.ts";
export { readShopHistories } from "./shop_histories.ts";
