/** What a policy, "contact the customers with the highest scores", is worth at each budget, from a randomised trial. */
import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { normalQuantile } from "shopflow/ml/statistics/mod.ts";
import { checkConfidence, type Interval, varianceOfSum } from "./interval.ts";
import type { Trial } from "./trial.ts";

/** Money made of outcomes and contacts. */
export interface Economics {
  /** Gross profit of one unit of the outcome: of a purchase, or the margin of one unit of spend. */
  profitPerOutcome: number;
  /** Cost of contacting one customer. Default 0. */
  costPerContact?: number;
  /** What one unit of the outcome costs if the customer was contacted: a voucher, a discount. Default 0. */
  costPerOutcome?: number;
}

export interface PolicyOptions {
  /** Shares of the customers who are contacted. Default 0, 0.05, …, 1. */
  budgets?: readonly number[];
  /** Counts profit in place of the outcome. */
  economics?: Economics;
  /**
   * Expected outcome of each row, if left alone and if contacted, by models that did not see the row: augments the
   * weighting (AIPW), which narrows the intervals. Default: inverse propensity weights alone (Hájek).
   */
  predictions?: { control: Float64Array; treated: Float64Array };
  /** Default 0.95. */
  confidence?: number;
}

/** A number with its error. */
export interface Estimate {
  estimate: number;
  standardError: number;
  interval: Interval;
}

/** A policy at one budget. */
export interface PolicyPoint {
  /** Share of the customers contacted. */
  share: number;
  /** Customers contacted, of those in the trial. */
  contacted: number;
  /** Mean outcome (or profit) of all customers under the policy. */
  value: Estimate;
  /** What the policy adds to contacting nobody, a customer of all. */
  gain: Estimate;
}

const BUDGETS = Array.from({ length: 21 }, (_, step) => step / 20);

/**
 * Value of contacting the share of customers with the highest scores, at each budget.
 *
 * The value is the mean over all rows i of Γ₀ + π (Γ₁ − Γ₀), where π is whether the policy contacts i and
 * Γₐ = μₐ + 1{i in arm a} (Y − μₐ) / eₐ, with eₐ the known propensity and μₐ a prediction that did not see i (Dudík,
 * Langford and Li 2011, "Doubly robust policy evaluation and learning", ICML; Athey and Wager 2021, Econometrica 89) or,
 * without predictions, the weighted mean of the arm. Its standard error is that of the mean of these terms, by cluster
 * where there are clusters; it is right whatever the predictions are, as the propensities are known. Equal scores are
 * contacted with equal probability, so constant scores are a draw at random.
 *
 * @param trial A trial of two arms.
 * @param scores One a row; must not come from a model that saw the row's outcome.
 * @throws {InputError} on another number of arms or scores, a score that is NaN, or a share outside 0 to 1.
 */
export function policyValue(
  trial: Trial,
  scores: ArrayLike<number>,
  options: PolicyOptions = {},
): PolicyPoint[] {
  const { budgets = BUDGETS, confidence = 0.95 } = options;
  const terms = rowTerms(trial, options), ranks = rankRows(trial, scores);
  return budgets.map((share) => {
    const contact = contactProbabilities(ranks, share);
    const gain = terms.effect.map((value, row) => value * valueAt(contact, row));
    return {
      share,
      contacted: Math.round(share * gain.length),
      value: meanWithError(
        gain.map((value, row) => value + valueAt(terms.control, row)),
        trial.clusters,
        confidence,
      ),
      gain: meanWithError(gain, trial.clusters, confidence),
    };
  });
}

/** How two policies differ on the same customers. */
export interface PolicyComparison {
  /**
   * Difference of the gain, averaged over all budgets from nobody to everybody: of the areas under the two curves, and so
   * of the Qini coefficients.
   */
  overall: Estimate;
  /** Difference of the gain at each budget. */
  budgets: readonly (Estimate & { share: number })[];
}

/**
 * The first policy less the second, paired: what both do to a customer cancels out, so the error is that of the
 * customers on whom they differ.
 *
 * @throws {InputError} as {@linkcode policyValue} does.
 */
export function comparePolicies(
  trial: Trial,
  scores: ArrayLike<number>,
  otherScores: ArrayLike<number>,
  options: PolicyOptions = {},
): PolicyComparison {
  const { budgets = BUDGETS, confidence = 0.95 } = options;
  const { effect } = rowTerms(trial, options);
  const [one, other] = [scores, otherScores].map((values) => rankRows(trial, values)) as [
    Ranks,
    Ranks,
  ];
  const difference = (of: (ranks: Ranks) => Float64Array) => {
    const [first, second] = [of(one), of(other)];
    return meanWithError(
      effect.map((value, row) => value * (valueAt(first, row) - valueAt(second, row))),
      trial.clusters,
      confidence,
    );
  };
  return {
    overall: difference(shareOfBudgets),
    budgets: budgets.map((share) => ({
      share,
      ...difference((ranks) => contactProbabilities(ranks, share)),
    })),
  };
}

/** Γ₀ and Γ₁ − Γ₀ of every row, in the outcome's unit or as profit. */
function rowTerms(
  trial: Trial,
  { economics, predictions, confidence = 0.95 }: PolicyOptions,
): { control: Float64Array; effect: Float64Array } {
  checkConfidence(confidence);
  if (trial.arms.length !== 2) {
    throw new InputError("A policy contacts or does not", {
      expected: "a trial of two arms; twoArms(trial, arm) picks one and the control",
      found: trial.arms.join(", "),
    });
  }
  for (const values of predictions ? [predictions.control, predictions.treated] : []) {
    if (values.length !== trial.arm.length || values.some((value) => !Number.isFinite(value))) {
      throw new InputError("Invalid predictions", {
        expected: `${trial.arm.length} finite numbers`,
        found: `${values.length} values`,
      });
    }
  }
  const { profitPerOutcome = 1, costPerContact = 0, costPerOutcome = 0 } = economics ?? {};
  const worth = [profitPerOutcome, profitPerOutcome - costPerOutcome];
  const [control, treated] = [0, 1].map((arm) => {
    const predicted = arm === 0 ? predictions?.control : predictions?.treated;
    const mean = predicted === undefined ? weightedMean(trial, arm) : 0;
    return trial.outcome.map((outcome, row) => {
      const expected = predicted === undefined ? mean : valueAt(predicted, row);
      const seen = trial.arm[row] === arm ? (outcome - expected) / trial.propensity[arm]![row]! : 0;
      return worth[arm]! * (expected + seen) - (arm === 1 ? costPerContact : 0);
    });
  }) as [Float64Array, Float64Array];
  return { control, effect: treated.map((value, row) => value - valueAt(control, row)) };
}

function weightedMean(trial: Trial, arm: number): number {
  let total = 0, weighted = 0;
  for (let row = 0; row < trial.arm.length; row++) {
    if (trial.arm[row] !== arm) continue;
    const weight = 1 / trial.propensity[arm]![row]!;
    total += weight;
    weighted += weight * valueAt(trial.outcome, row);
  }
  return weighted / total;
}

function checkedScores(trial: Trial, scores: ArrayLike<number>): Float64Array {
  const checked = Float64Array.from(scores);
  const bad = checked.findIndex(Number.isNaN);
  if (checked.length === trial.arm.length && bad < 0) return checked;
  throw new InputError("Invalid scores", {
    expected: `${trial.arm.length} numbers, one a row of the trial`,
    found: bad < 0 ? `${checked.length}` : `NaN in row ${bad}`,
  });
}

/** Place of each row by score, the highest first. Rows of equal scores share the places from `start` to before `end`. */
export interface Ranks {
  /** Rows, the highest score first. */
  order: Uint32Array;
  start: Uint32Array;
  end: Uint32Array;
}

/**
 * Ranks the rows of a trial by score, the highest first.
 *
 * @throws {InputError} when scores and rows differ in number, or a score is NaN.
 */
export function rankRows(trial: Trial, values: ArrayLike<number>): Ranks {
  const scores = checkedScores(trial, values);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const start = new Uint32Array(order.length), end = new Uint32Array(order.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && scores[valueAt(order, to)] === scores[valueAt(order, from)]) to++;
    for (const row of order.subarray(from, to)) [start[row], end[row]] = [from, to];
    from = to;
  }
  return { order, start, end };
}

/** Probability that each row is contacted if this share is, those with the highest scores first. */
function contactProbabilities({ start, end }: Ranks, share: number): Float64Array {
  if (!(share >= 0 && share <= 1)) {
    throw new InputError("Invalid budget", { expected: "a share from 0 to 1", found: String(share) });
  }
  const contacts = share * start.length;
  return Float64Array.from(
    start,
    (from, row) => Math.min(1, Math.max(0, (contacts - from) / (valueAt(end, row) - from))),
  );
}

/** Share of all budgets from 0 to 1 that contact each row: 1 less its mid-rank. */
const shareOfBudgets = ({ start, end }: Ranks): Float64Array =>
  Float64Array.from(start, (from, row) => 1 - (from + valueAt(end, row)) / 2 / start.length);

/** Mean of independent terms, with the normal interval. */
function meanWithError(terms: Float64Array, clusters: Int32Array | undefined, confidence: number): Estimate {
  const estimate = terms.reduce((sum, term) => sum + term, 0) / terms.length;
  const { variance } = varianceOfSum(terms.map((term) => (term - estimate) / terms.length), clusters);
  const standardError = Math.sqrt(variance);
  const reach = normalQuantile((1 + confidence) / 2) * standardError;
  return { estimate, standardError, interval: { low: estimate - reach, high: estimate + reach } };
}
