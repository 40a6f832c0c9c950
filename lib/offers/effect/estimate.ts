/** The effect of each arm of a trial against the control. */
import { InputError } from "shopflow/errors/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { normalCdf, studentQuantile, studentTail } from "shopflow/ml/statistics/mod.ts";
import { cupedOutcome } from "./cuped.ts";
import { checkConfidence, type Interval, newcombeInterval, varianceOfSum } from "./interval.ts";
import type { Trial } from "./trial.ts";

export interface EffectOptions {
  /**
   * `difference` of the arms' means; or weighted by 1 / propensity: `hajek` (weights that sum to 1: less variance) or
   * `horvitz-thompson` (unbiased with known propensities). Default: hajek where propensities differ between rows,
   * otherwise difference.
   */
  method?: "difference" | "hajek" | "horvitz-thompson";
  /** Take off what the covariates explain (CUPED). Default: where the trial has covariates. */
  cuped?: boolean;
  /** Default 0.95. */
  confidence?: number;
}

/** What one arm did, against the control, per row, in the unit of the outcome. */
export interface ArmEffect {
  arm: string;
  control: string;
  rows: number;
  controlRows: number;
  mean: number;
  controlMean: number;
  /** mean − controlMean. */
  effect: number;
  standardError: number;
  interval: Interval;
  /** Two-sided, that there is no effect. */
  pValue: number;
  /** Holm's p for all arms together; the same with one arm. */
  adjustedPValue: number;
  /** effect / controlMean; undefined where the control's mean is not above 0. */
  lift?: number;
  liftInterval?: Interval;
  /** How it was estimated, in words. */
  method: string;
  /** Share of the variance that CUPED took off; undefined without it. */
  varianceReduction?: number;
  /** False where the rows are too few to say much; `notes` says why. */
  isEnough: boolean;
  notes: readonly string[];
}

/** A rate with fewer events in an arm says little. */
const FEW_EVENTS = 10;
/** So does a mean of fewer rows, or of fewer that differ from the usual value (most often 0). */
const FEW_ROWS = 30;

/**
 * Estimates the effect of every arm against the control.
 *
 * Each estimator is a sum of contributions by row (its influence function), from which come the standard error, robust
 * to unequal variances and to clusters, and the interval of the lift (delta method on the log ratio). Rates compared
 * by plain difference have Newcombe's interval; all others Student's, with Welch's degrees of freedom or by clusters.
 *
 * @returns One effect an arm, in the order of `trial.arms`.
 * @throws {InputError} on a confidence outside 0 and 1, or CUPED without covariates.
 */
export function estimateEffect(trial: Trial, options: EffectOptions = {}): ArmEffect[] {
  const { confidence = 0.95, cuped = trial.covariates.length > 0 } = options;
  checkConfidence(confidence);
  if (cuped && trial.covariates.length === 0) {
    throw new InputError("CUPED needs covariates", {
      expected: 'columns known before the draw, e.g. { covariates: ["spend_before"] }',
      found: "none",
    });
  }
  const varies = trial.propensity.some((values) => values.some((value) => value !== values[0]));
  const method = options.method ?? (varies ? "hajek" : "difference");
  const effects = trial.arms.slice(1).map((_, index) =>
    armEffect(trial, index + 1, { method, cuped, confidence, varies })
  );
  return withAdjusted(effects);
}

type Settings = Required<EffectOptions> & { varies: boolean };

function armEffect(trial: Trial, index: number, settings: Settings): ArmEffect {
  const { method, cuped, confidence } = settings;
  const raw = contrast(trial, trial.outcome, index, method);
  const adjusted = cuped ? cupedOutcome(trial, weightsOf(trial, method)) : undefined;
  const { one, zero, effect, variance, degrees, contributions } = adjusted
    ? contrast(trial, adjusted.outcome, index, method, adjusted.covariates)
    : raw;
  const standardError = Math.sqrt(variance);
  const isPlainRate = trial.isRate && !trial.clusters && !cuped && method === "difference";
  const reach = studentQuantile((1 + confidence) / 2, degrees) * standardError;
  const notes = [
    ...trial.notes,
    ...(settings.varies && method === "difference"
      ? ["The draw was not equally likely for all rows: the plain difference is biased, use hajek."]
      : []),
  ];
  const few = tooFew(trial, index);
  return {
    arm: trial.arms[index]!,
    control: trial.arms[0]!,
    rows: one.rows,
    controlRows: zero.rows,
    mean: one.mean,
    controlMean: zero.mean,
    effect,
    standardError,
    interval: isPlainRate
      ? newcombeInterval(eventsOf(one), eventsOf(zero), confidence)
      : { low: effect - reach, high: effect + reach },
    pValue: isPlainRate
      ? ratesPValue(eventsOf(one), eventsOf(zero))
      : twoSided(effect, standardError, degrees),
    adjustedPValue: NaN,
    ...liftOf(trial, one.mean, zero.mean, contributions, confidence, degrees),
    method: methodWords(trial, settings, isPlainRate),
    ...(adjusted && { varianceReduction: 1 - variance / raw.variance }),
    isEnough: few === undefined,
    notes: few === undefined ? notes : [...notes, few],
  };
}

interface ArmMean {
  rows: number;
  mean: number;
}

const eventsOf = ({ rows, mean }: ArmMean) => ({ rows, events: Math.round(rows * mean) });

function weightsOf(trial: Trial, method: Settings["method"]): Float64Array {
  return Float64Array.from(
    trial.arm,
    (arm, row) => method === "difference" ? 1 : 1 / valueAt(trial.propensity[arm]!, row),
  );
}

/** Means of an arm and of the control, with what each row contributes to either and the variance of the difference. */
function contrast(
  trial: Trial,
  outcome: Float64Array,
  index: number,
  method: Settings["method"],
  covariates = 0,
) {
  const weights = weightsOf(trial, method);
  const mean = (arm: number) => {
    let rows = 0, total = 0, weighted = 0;
    for (let row = 0; row < outcome.length; row++) {
      if (trial.arm[row] !== arm) continue;
      rows++;
      total += valueAt(weights, row);
      weighted += valueAt(weights, row) * valueAt(outcome, row);
    }
    if (method === "horvitz-thompson") total = outcome.length;
    return { rows, total, mean: weighted / total };
  };
  const [one, zero] = [mean(index), mean(0)];
  // Degrees of freedom that the covariates took, as of a regression.
  const spent = Math.sqrt((outcome.length - 2) / Math.max(1, outcome.length - 2 - covariates));
  const contributions = [index, 0].map((arm) => {
    const { rows, total, mean } = arm === 0 ? zero : one;
    // Of few rows the deviations from their own mean are too small.
    const small = method === "horvitz-thompson" ? 1 : Math.sqrt(rows / (rows - 1));
    return Float64Array.from(outcome, (value, row) => {
      if (method === "horvitz-thompson") {
        const drawn = trial.arm[row] === arm ? valueAt(weights, row) * value : 0;
        return spent * (drawn - mean) / total;
      }
      return trial.arm[row] === arm ? spent * small * valueAt(weights, row) * (value - mean) / total : 0;
    });
  });
  const [first, second] = contributions as [Float64Array, Float64Array];
  const both = first.map((value, row) => value - valueAt(second, row));
  const { variance, clusters } = varianceOfSum(both, trial.clusters);
  return {
    one,
    zero,
    effect: one.mean - zero.mean,
    variance,
    degrees: degreesOf(),
    contributions: { first, second },
  };

  function degreesOf(): number {
    if (trial.clusters) return Math.max(1, clusters - 2);
    if (method === "horvitz-thompson") return outcome.length - 1;
    // Welch 1947.
    const [a, b] = [varianceOfSum(first).variance, varianceOfSum(second).variance];
    return variance === 0
      ? one.rows + zero.rows - 2
      : (a + b) ** 2 / (a ** 2 / (one.rows - 1) + b ** 2 / (zero.rows - 1));
  }
}

/** The lift with an interval by the delta method on the log of the ratio, whose error is closer to normal. */
function liftOf(
  trial: Trial,
  mean: number,
  controlMean: number,
  { first, second }: { first: Float64Array; second: Float64Array },
  confidence: number,
  degrees: number,
): Pick<ArmEffect, "lift" | "liftInterval"> {
  if (!(controlMean > 0)) return {};
  const lift = mean / controlMean - 1;
  if (!(mean > 0)) return { lift };
  const relative = first.map((value, row) => value / mean - valueAt(second, row) / controlMean);
  const reach = studentQuantile((1 + confidence) / 2, degrees) *
    Math.sqrt(varianceOfSum(relative, trial.clusters).variance);
  const ratio = mean / controlMean;
  return { lift, liftInterval: { low: ratio * Math.exp(-reach) - 1, high: ratio * Math.exp(reach) - 1 } };
}

/** Pearson's test of two rates, with the pooled rate. */
function ratesPValue(one: ReturnType<typeof eventsOf>, zero: ReturnType<typeof eventsOf>): number {
  const pooled = (one.events + zero.events) / (one.rows + zero.rows);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / one.rows + 1 / zero.rows));
  const difference = one.events / one.rows - zero.events / zero.rows;
  return error === 0 ? 1 : 2 * normalCdf(-Math.abs(difference) / error);
}

const twoSided = (effect: number, error: number, degrees: number) =>
  error === 0 ? (effect === 0 ? 1 : 0) : 2 * studentTail(Math.abs(effect) / error, degrees);

/** Why the rows of an arm or of the control are too few to say much; undefined where they are not. */
function tooFew(trial: Trial, index: number): string | undefined {
  for (const arm of [index, 0]) {
    const values = trial.outcome.filter((_, row) => trial.arm[row] === arm).sort();
    // Where most are alike, as zeros of those who bought nothing, the middle one is alike to them.
    const usual = valueAt(values, Math.floor(values.length / 2));
    const others = values.reduce((sum, value) => sum + Number(value !== usual), 0);
    const needed = trial.isRate ? FEW_EVENTS : FEW_ROWS;
    if (others >= needed) continue;
    return `Too few to say much of ${trial.arms[arm]}: ${
      countOf(values.length, "row")
    }, ${others} of them not ${usual}; at least ${needed} such are needed. The interval is wide, and may be wrong.`;
  }
}

function methodWords(trial: Trial, { method, cuped }: Settings, isPlainRate: boolean): string {
  const kind = {
    difference: `difference of ${trial.isRate ? "rates" : "means"}`,
    hajek: "inverse propensity weights (Hájek)",
    "horvitz-thompson": "inverse propensity weights (Horvitz–Thompson)",
  }[method];
  return [
    kind,
    cuped && `CUPED by ${trial.covariates.map(({ name }) => name).join(", ")}`,
    trial.clusters && "errors by cluster",
    isPlainRate ? "Newcombe's interval" : "Student's interval",
  ].filter((part) => part).join(", ");
}

/** Holm 1979: the k-th smallest of m p-values times m − k + 1, never below the one before. */
function withAdjusted(effects: ArmEffect[]): ArmEffect[] {
  const order = effects.map((_, index) => index).sort((a, b) => effects[a]!.pValue - effects[b]!.pValue);
  const adjusted: number[] = [];
  let least = 0;
  for (const [place, index] of order.entries()) {
    least = Math.max(least, Math.min(1, effects[index]!.pValue * (effects.length - place)));
    adjusted[index] = least;
  }
  return effects.map((effect, index) => ({ ...effect, adjustedPValue: adjusted[index]! }));
}
