import { InputError } from "shopflow/errors/mod.ts";
import { hashedUniform } from "./assignment.ts";
import type { Candidate } from "./population.ts";

/** Whom a list is for, and in which order. */
export const RULES = {
  playbook: "customers above the playbook's churn probability, the highest first",
  value_at_risk: "churn probability × usual spend, the highest first",
  uplift:
    "the effect that earlier trials let expect, the highest first; value_at_risk until a trial has power",
  random: "everybody in random order: a first trial that shows whom an offer helps",
} as const;

/** The name of a rule. */
export type RuleName = keyof typeof RULES;

/** @throws {InputError} when there is no rule of this name. */
export function parseRule(text: string): RuleName {
  if (Object.hasOwn(RULES, text)) return text as RuleName;
  throw new InputError("There is no such rule", {
    expected: Object.keys(RULES).join(", "),
    found: JSON.stringify(text),
  });
}

/** What `uplift` ranks by: expected effects by customer, or why there are none to rank by. */
export type UpliftScores = { effects: ReadonlyMap<string, number>; because: string } | { because: string };

/** A rule as it was applied. */
export interface AppliedRule {
  /** The rule that was asked for. */
  name: RuleName;
  /** The rule that ranked: another one where `uplift` had nothing to go by. */
  ranksBy: RuleName;
  /** What the score of each customer is, in words. */
  score: string;
  /** Why `uplift` took over, or did not. */
  because?: string;
  /** The playbook's limit. */
  riskAbove?: number;
}

/** Customers whom a rule chooses, best first, with the score that put them there. */
export interface Ranking {
  rule: AppliedRule;
  chosen: { candidate: Candidate; score: number }[];
}

/** What a rule goes by. */
export interface RuleInputs {
  riskAbove: number;
  seed: number;
  /** Needed by `uplift` alone. */
  uplift?: UpliftScores | undefined;
}

/** Ranks candidates by a rule. Equal scores are ordered at random, by the seed: an id says nothing of a customer. */
export function rank(name: RuleName, candidates: readonly Candidate[], inputs: RuleInputs): Ranking {
  const { riskAbove, seed, uplift } = inputs;
  switch (name) {
    case "playbook":
      return {
        rule: { name, ranksBy: name, score: "churn probability", riskAbove },
        chosen: ordered(
          candidates.filter(({ covariates }) => covariates.churn_probability > riskAbove),
          ({ covariates }) => covariates.churn_probability,
          seed,
        ),
      };
    case "value_at_risk":
      return {
        rule: { name, ranksBy: name, score: "churn probability × usual spend" },
        chosen: ordered(
          candidates,
          ({ covariates }) => covariates.churn_probability * covariates.usual_spend,
          seed,
        ),
      };
    case "uplift": {
      const because = uplift?.because ?? "no trial of this offer has been read yet";
      if (uplift === undefined || !("effects" in uplift)) {
        const { rule, chosen } = rank("value_at_risk", candidates, inputs);
        return { rule: { ...rule, name, because }, chosen };
      }
      return {
        rule: { name, ranksBy: name, score: "expected profit gained by the offer", because },
        // An offer that is expected to lose money is made to nobody.
        chosen: ordered(candidates, ({ customerId }) => uplift.effects.get(customerId) ?? -Infinity, seed)
          .filter(({ score }) => score > 0),
      };
    }
    case "random":
      return {
        rule: { name, ranksBy: name, score: "a random number" },
        chosen: ordered(
          candidates,
          ({ customerId }) => hashedUniform(`${seed}\nrandom\n${customerId}`),
          seed,
        ),
      };
  }
}

function ordered(
  candidates: readonly Candidate[],
  scoreOf: (candidate: Candidate) => number,
  seed: number,
): Ranking["chosen"] {
  const tie = (customerId: string) => hashedUniform(`${seed}\ntie\n${customerId}`);
  return candidates.map((candidate) => ({
    candidate,
    score: scoreOf(candidate),
    tie: tie(candidate.customerId),
  }))
    .sort((a, b) => b.score - a.score || a.tie - b.tie)
    .map(({ candidate, score }) => ({ candidate, score }));
}
