/** Whether a trial shows that choosing customers by uplift is better than the rule at hand. */
import { InputError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import { normalQuantile } from "shopflow/ml/statistics/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import {
  comparePolicies,
  type Estimate,
  policyValue,
  rankRows,
  type Trial,
  trialRows,
} from "../effect/mod.ts";
import {
  type CrossFit,
  crossFit,
  type CrossFitOptions,
  crossFitWithin,
  type Predictions,
  rowsWhere,
} from "./cross_fit.ts";
import { fitUplift, type Learner, type UpliftModel, type UpliftPrediction } from "./learners.ts";
import { qini, shareOfEffect } from "./qini.ts";

export interface TargetingOptions extends CrossFitOptions {
  /**
   * What uplift has to beat: scores by which customers are contacted today, the highest first. Default: riskiest first, those
   * least likely to have the outcome if left alone.
   */
  rule?: { name: string; scores: ArrayLike<number> };
  /** Decide on the gain at this share of customers contacted. Default: averaged over all shares. */
  budget?: number;
  /** Default 0.95. */
  confidence?: number;
}

/** What a decision rests on: gains a customer, paired on the same customers. */
interface TargetingEvidence {
  learner: Learner;
  customers: number;
  /** Of contacting everybody. */
  effect: Estimate;
  /** Uplift less a draw at random, and less the rule. */
  againstRandom: Estimate;
  againstRule: Estimate;
  /** The rule less a draw at random. */
  ruleAgainstRandom: Estimate;
  /**
   * The measure of what is little: what a draw at random gains or loses; where the effect is not beyond chance, the most it
   * could.
   */
  scale: number;
}

type Reason = "uplift is better" | "the rule is as good" | "little to find" | "too few customers";

export interface TargetingDecision {
  policy: "uplift" | "keep rule";
  reason: Reason;
  /** In sentences. */
  why: string;
  rule: string;
  evidence: TargetingEvidence;
  /** Customers at which a gain of a tenth over a draw at random would show with power 0.8; where uplift is not better. */
  neededCustomers?: number;
  /**
   * What to expect of deciding so. The customers of each fold are ranked as the other folds decided, by models and a
   * decision that did not see them; no figure here took part in a decision.
   */
  reported: {
    /** By fold. */
    policies: readonly TargetingDecision["policy"][];
    /** Place within its fold, 1 for the first to contact, near 0 for the last; one a row. */
    scores: Float64Array;
    /** Of the effect, among the 30 % ranked first. */
    shareOfEffect: Estimate;
    qiniCoefficient: number;
    againstRandom: Estimate;
  };
  /** Predictions of every row by models that did not see it. */
  crossFit: CrossFit;
  /** Fitted on all rows, to score other customers by. */
  model: UpliftModel;
}

/** A gain over a draw at random is little below this share of what the draw gains. */
const LITTLE = 0.1;
const POWER = 0.8;

/**
 * Decides from a randomised trial whether customers should be contacted by uplift, or by the rule at hand.
 *
 * Uplift takes over only if it gains more than the rule and more than a draw at random, each beyond chance: the interval of the
 * paired difference is above 0. Otherwise the rule stays: it is as good, or the trial shows that there is little to find, or it is too
 * small to show anything. Scores are cross-fitted; with several learners the one with the highest gain stands, and the intervals
 * are widened for the choice (Bonferroni). What is reported comes from deciding again without each fold.
 *
 * @param trial Two arms and features; its outcome is something one wants more of.
 * @throws {InputError} when the trial has no features, not two arms, or an option is out of range.
 * @throws {TooLittleDataError} when a rate is the same in all rows of an arm of a fold's training.
 */
export async function decideTargeting(
  trial: Trial,
  options: TargetingOptions = {},
): Promise<TargetingDecision> {
  const { rule } = options;
  if (rule && rule.scores.length !== trial.arm.length) {
    throw new InputError(`The scores of the rule ${rule.name} do not fit`, {
      expected: `${trial.arm.length}, one a row`,
      found: String(rule.scores.length),
    });
  }
  const fit = await crossFit(trial, options);
  const within = await crossFitWithin(trial, fit, options);
  const evidence = weigh(trial, fit.predictions, options);
  const verdict = verdictOf(evidence);
  const ruleName = rule?.name ?? "riskiest first";
  const [model] = await fitUplift(trial, [evidence.learner], { seed: options.seed ?? 0, ...options.trees });
  const reported = report(trial, fit, within, options);
  const policy = verdict === "uplift is better" ? "uplift" : "keep rule";
  return {
    policy,
    reason: verdict,
    why: whyText(evidence, verdict, ruleName) + stabilityText(policy, reported.policies),
    rule: ruleName,
    evidence,
    ...(verdict !== "uplift is better" && { neededCustomers: neededCustomers(evidence) }),
    reported,
    crossFit: fit,
    model: model!,
  };
}

/** Compares the learner that gains most with the rule and with a draw at random. */
function weigh(trial: Trial, predictions: Predictions, options: TargetingOptions): TargetingEvidence {
  const { budget, confidence = 0.95 } = options;
  const learners = [...predictions.keys()];
  const compared = (
    scores: ArrayLike<number>,
    other: ArrayLike<number>,
    { control, treated }: UpliftPrediction,
  ) => {
    const { overall, budgets } = comparePolicies(trial, scores, other, {
      predictions: { control, treated },
      budgets: budget === undefined ? [] : [budget],
      confidence: 1 - (1 - confidence) / learners.length,
    });
    return budgets[0] ?? overall;
  };
  const random = new Float64Array(trial.arm.length);
  const [best] = learners.map((learner) => {
    const prediction = predictions.get(learner)!;
    return { learner, prediction, againstRandom: compared(prediction.uplift, random, prediction) };
  }).sort((a, b) => b.againstRandom.estimate - a.againstRandom.estimate);
  const { learner, prediction, againstRandom } = best!;
  const rule = options.rule?.scores ?? prediction.control.map((expected) => -expected);
  const { control, treated } = prediction;
  const effect = policyValue(trial, random, { budgets: [1], predictions: { control, treated } })[0]!.gain;
  const { low, high } = effect.interval;
  const size = low > 0 || high < 0 ? Math.abs(effect.estimate) : Math.max(-low, high);
  return {
    learner,
    customers: trial.arm.length,
    effect,
    againstRandom,
    againstRule: compared(prediction.uplift, rule, prediction),
    ruleAgainstRandom: compared(rule, random, prediction),
    scale: size * (budget ?? 0.5),
  };
}

function verdictOf({ againstRandom, againstRule, ruleAgainstRandom, scale }: TargetingEvidence): Reason {
  const isBeyondChance = ({ interval }: Estimate) => interval.low > 0;
  if (isBeyondChance(againstRandom) && isBeyondChance(againstRule)) return "uplift is better";
  if (isBeyondChance(ruleAgainstRandom)) return "the rule is as good";
  return againstRandom.interval.high < LITTLE * scale ? "little to find" : "too few customers";
}

function neededCustomers({ againstRandom, scale, customers }: TargetingEvidence): number {
  const seen = (normalQuantile(0.975) + normalQuantile(POWER)) * againstRandom.standardError;
  return Math.ceil(customers * (seen / (LITTLE * scale)) ** 2);
}

function whyText(evidence: TargetingEvidence, reason: Reason, rule: string): string {
  const { againstRandom, againstRule, ruleAgainstRandom, scale, effect, learner, customers } = evidence;
  const relative = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(100 * value / scale).toFixed(0)} %`;
  const withInterval = ({ estimate, interval }: Estimate) =>
    `${relative(estimate)} (${relative(interval.low)} to ${relative(interval.high)})`;
  const isEffect = effect.interval.low > 0 || effect.interval.high < 0;
  const measure = isEffect
    ? `what a draw at random ${effect.estimate > 0 ? "gains" : "loses"}`
    : "the most that a draw at random could gain or lose, as the offer's effect itself is not beyond chance";
  const found = `Measured by ${measure}: the ${learner}-learner gains ${
    withInterval(againstRandom)
  } over the draw and ${withInterval(againstRule)} over ${rule}, on ${formatCount(customers)} customers.`;
  const end = {
    "uplift is better": "Both are beyond chance, so uplift chooses.",
    "the rule is as good":
      `The rule gains more than a draw beyond chance, and uplift not more than the rule, so ${rule} stays.`,
    "little to find":
      `That is little at most: what is known of the customers hardly predicts whom the offer moves, so ${rule} stays.`,
    "too few customers": `Chance could explain it, so ${rule} stays. A gain of ${
      100 * LITTLE
    } % over the draw would show with about ${formatCount(neededCustomers(evidence))} customers.`,
  }[reason];
  const warning = reason !== "uplift is better" && ruleAgainstRandom.interval.high < 0
    ? ` ${rule} itself gains less than a draw at random, ${
      withInterval(ruleAgainstRandom)
    }: consider to draw, or to contact everybody.`
    : "";
  return `${found} ${end}${warning}`;
}

/** Whether the decision hangs on some of the customers; empty where it does not. */
function stabilityText(
  policy: TargetingDecision["policy"],
  policies: readonly TargetingDecision["policy"][],
): string {
  const same = policies.filter((one) => one === policy).length;
  return same === policies.length
    ? ""
    : ` Decided again without each fold, ${same} of ${policies.length} say the same: the evidence is thin.`;
}

function report(
  trial: Trial,
  fit: CrossFit,
  within: readonly Predictions[],
  options: TargetingOptions,
): TargetingDecision["reported"] {
  const scores = new Float64Array(trial.arm.length);
  const policies = within.map((predictions, fold): TargetingDecision["policy"] => {
    const others = rowsWhere(fit.fold, (value) => value !== fold),
      own = rowsWhere(fit.fold, (value) => value === fold);
    const pick = (values: ArrayLike<number>, rows: Uint32Array) =>
      Float64Array.from(rows, (row) => valueAt(values, row));
    const evidence = weigh(
      trialRows(trial, others),
      new Map([...predictions].map(([learner, { control, treated, uplift }]) => [learner, {
        control: pick(control, others),
        treated: pick(treated, others),
        uplift: pick(uplift, others),
      }])),
      {
        ...options,
        ...(options.rule && { rule: { ...options.rule, scores: pick(options.rule.scores, others) } }),
      },
    );
    const isUplift = verdictOf(evidence) === "uplift is better";
    const { uplift, control } = fit.predictions.get(evidence.learner)!;
    const chosen = isUplift ? uplift : options.rule?.scores ?? control.map((expected) => -expected);
    // Scores of different models are on different scales: what counts is the place within the fold.
    const { start, end } = rankRows(trialRows(trial, own), pick(chosen, own));
    for (const [index, row] of own.entries()) {
      scores[row] = 1 - (valueAt(start, index) + valueAt(end, index)) / 2 / own.length;
    }
    return isUplift ? "uplift" : "keep rule";
  });
  const { control, treated } = fit.predictions.values().next().value!;
  return {
    policies,
    scores,
    shareOfEffect: shareOfEffect(trial, scores, { seed: options.seed ?? 0 }),
    qiniCoefficient: qini(trial, scores).coefficient,
    againstRandom: comparePolicies(trial, scores, new Float64Array(scores.length), {
      predictions: { control, treated },
      budgets: [],
    }).overall,
  };
}
