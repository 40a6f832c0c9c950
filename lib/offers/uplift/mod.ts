/** Whom an offer moves: learners of uplift, how well they rank, and whether a trial shows that they should choose. */
export { crossFit } from "./cross_fit.ts";
export { decideTargeting } from "./decide.ts";
export { policyChart, qiniChart, upliftChart } from "./charts.ts";
export { qini, shareOfEffect, upliftByBin } from "./qini.ts";
