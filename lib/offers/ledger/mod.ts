/** The ledger of offers: lists that were drawn, and what happened to them. */
export { cancelDraw, recordExport } from "./changes.ts";
export {
  armCounts,
  type Draw,
  type DrawState,
  drawStates,
  lastValidDay,
  offersOfCustomer,
} from "./events.ts";
export { openOfferLedger } from "./ledger.ts";
