/** Offers: what customers can be offered, whom, and what it brought. */
export { assumptionsOf, type Offer, offerNamed, offerPolicyOf, offersOf, offerText } from "./offer.ts";
export { drawList, type DrawnList, type DrawOptions, drawTotals } from "./draw/draw.ts";
export { readPopulation } from "./draw/population.ts";
export { RULES } from "./draw/rules.ts";
export { mostKnownTrial, upliftScores } from "./draw/uplift_rule.ts";
export { exampleTrial } from "./read_out/example_trial.ts";
export { knownFrom, trialsIn } from "./read_out/outcomes.ts";
export {
  conclusionText,
  differenceText,
  type OutcomeEffect,
  outcomeText,
  type PolicyCurve,
  readTrialResults,
  type TrialResults,
  trialResults,
} from "./read_out/results.ts";
export { openOfferSession, openScoredSession } from "./session.ts";
