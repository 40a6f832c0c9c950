/** What an offer does: the effect of a randomised trial, what a policy is worth, and how large a trial must be. */
export { readTrial, type Trial, type TrialColumns, trialRows, twoArms } from "./trial.ts";
export { type TrialData } from "./columns.ts";
export { type ArmEffect, type EffectOptions, estimateEffect } from "./estimate.ts";
export { describeEffect } from "./describe.ts";
export { type Interval, newcombeInterval, wilsonInterval } from "./interval.ts";
export {
  comparePolicies,
  type Economics,
  type Estimate,
  type PolicyPoint,
  policyValue,
} from "./policy_value.ts";
export { planTrial, type TrialDesign, type TrialPlan } from "./planner.ts";
