/** Offers: what customers can be offered, whom, and what it brought. */
export { assumptionsOf, type Offer, offerNamed, offerPolicyOf, offersOf, offerText } from "./offer.ts";
export { drawList, type DrawnList, type DrawOptions, drawTotals } from "./draw/draw.ts";
export { readPopulation } from "./draw/population.ts";
export { RULES } from "./draw/rules.ts";
export { cancelDraw, recordExport } from "./ledger/changes.ts";
export { armCounts, type Draw, type DrawState, drawStates } from "./ledger/events.ts";
export { openOfferLedger } from "./ledger/ledger.ts";
export { knownFrom } from "./read_out/outcomes.ts";
export {
  conclusionText,
  type OutcomeEffect,
  readTrialResults,
  type TrialResults,
} from "./read_out/results.ts";
