/** What an offer does: the effect of a randomised trial, what a policy is worth, and how large a trial must be. */
export { featuresLike, readTrial, type Trial, trialRows, twoArms } from "./trial.ts";
export { type ArmEffect, estimateEffect } from "./estimate.ts";
export { describeEffect } from "./describe.ts";
export { newcombeInterval, wilsonInterval } from "./interval.ts";
export { comparePolicies, type Estimate, type PolicyPoint, policyValue, rankRows } from "./policy_value.ts";
export { planTrial } from "./planner.ts";
