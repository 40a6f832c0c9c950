/** What customers will buy and whether they still are customers, from transactions to the score table. */
export { lifetimeValueModel } from "./definition.ts";
