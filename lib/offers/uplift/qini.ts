/** How well scores rank customers by what a contact adds: the Qini curve, its coefficient, and the share of the effect. */
import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { normalQuantile } from "shopflow/ml/statistics/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { type Estimate, rankRows, type Trial } from "../effect/mod.ts";

/** A point of the Qini curve. */
export interface QiniPoint {
  /** Share φ of the customers, those with the highest scores. */
  share: number;
  /** Q(φ): outcomes that contacting them adds, a customer of the treated arm. */
  gain: number;
}

export interface Qini {
  /** From (0, 0) to (1, effect), one point a distinct score. */
  curve: QiniPoint[];
  /** Area between the curve and the straight line of a draw at random. */
  coefficient: number;
  /** Q(1): the effect of contacting everybody. */
  effect: number;
}

/**
 * The Qini curve of Radcliffe 2007, "Using control groups to target on predicted lift", in one definition used
 * everywhere here. Of the share φ of customers with the highest scores, let Y₁, N₁ be the sum of outcomes and the number of the
 * treated, Y₀, N₀ those of the control, each row weighted by 1 / propensity (which cancels out where all rows had the same):
 *
 *     Q(φ) = (Y₁(φ) − Y₀(φ) · N₁(φ) / N₀(φ)) / N₁(1),   coefficient = ∫₀¹ Q(φ) dφ − Q(1) / 2
 *
 * with straight lines between distinct scores, so equal scores count as drawn at random. scikit-uplift's `qini_curve` and
 * causalml's `get_qini` are N₁(1) · Q; their scores divide the area by others.
 *
 * @param trial A trial of two arms.
 * @param scores One a row, from models that did not see it.
 * @throws {InputError} on another number of arms or scores.
 */
export function qini(trial: Trial, scores: ArrayLike<number>): Qini {
  const walk = openWalk(trial, scores);
  const curve = [{ share: 0, gain: 0 }];
  let area = 0;
  for (const point of pointsOf(walk)) {
    const before = curve.at(-1)!;
    area += (point.share - before.share) * (point.gain + before.gain) / 2;
    curve.push(point);
  }
  const effect = curve.at(-1)!.gain;
  return { curve, coefficient: area - effect / 2, effect };
}

export interface ShareOptions {
  /** Share of the customers contacted. Default 0.3. */
  share?: number;
  /** Samples drawn for the interval. Default 500. */
  samples?: number;
  seed?: number;
  confidence?: number;
}

/**
 * Share of the effect of contacting everybody that contacting the customers with the highest scores has: Q(φ) / Q(1), which is φ by
 * chance. Standard error and interval (normal) are by the bootstrap of customers, or clusters, with the scores as they are: Poisson
 * weights (Chamandy et al. 2012), whose mean is 1 and which need no second pass.
 *
 * @throws {InputError} as {@linkcode qini} does, and on a share outside 0 to 1.
 */
export function shareOfEffect(trial: Trial, scores: ArrayLike<number>, options: ShareOptions = {}): Estimate {
  const { share = 0.3, samples = 500, seed = 0, confidence = 0.95 } = options;
  if (!(share > 0 && share < 1)) {
    throw new InputError("Invalid share", { expected: "a number between 0 and 1", found: String(share) });
  }
  const walk = openWalk(trial, scores);
  const estimate = shareAt(walk, share);
  const random = createRandom(seed, "bootstrap");
  const clusterWeights = trial.clusters &&
    new Float64Array(1 + trial.clusters.reduce((most, cluster) => Math.max(most, cluster), 0));
  const weights = new Float64Array(trial.arm.length);
  let mean = 0, squares = 0;
  for (let sample = 1; sample <= samples; sample++) {
    if (clusterWeights) {
      for (let cluster = 0; cluster < clusterWeights.length; cluster++) {
        clusterWeights[cluster] = poisson(random());
      }
      for (let row = 0; row < weights.length; row++) {
        weights[row] = clusterWeights[valueAt(trial.clusters!, row)]!;
      }
    } else {
      for (let row = 0; row < weights.length; row++) weights[row] = poisson(random());
    }
    const value = shareAt(walk, share, weights);
    const before = value - mean;
    mean += before / sample;
    squares += before * (value - mean);
  }
  const standardError = Math.sqrt(squares / (samples - 1));
  const reach = normalQuantile((1 + confidence) / 2) * standardError;
  return { estimate, standardError, interval: { low: estimate - reach, high: estimate + reach } };
}

/** A Poisson number of mean 1, by the inverse of its distribution. */
function poisson(uniform: number): number {
  let probability = Math.exp(-1), sum = probability, count = 0;
  while (uniform > sum && count < 20) sum += probability /= ++count;
  return count;
}

/** A trial's rows by score, with what each adds to the sums. */
interface Walk {
  order: Uint32Array;
  /** Of each place in `order`: whether the next one has another score. */
  isEnd: Uint8Array;
  treated: Uint8Array;
  weight: Float64Array;
  outcome: Float64Array;
}

function openWalk(trial: Trial, scores: ArrayLike<number>): Walk {
  if (trial.arms.length !== 2) {
    throw new InputError("The Qini curve compares two arms", {
      expected: "a trial of two; twoArms(trial, arm) picks one and the control",
      found: trial.arms.join(", "),
    });
  }
  const { order, end } = rankRows(trial, scores);
  return {
    order,
    isEnd: Uint8Array.from(order, (row, place) => Number(end[row] === place + 1)),
    treated: trial.arm,
    weight: Float64Array.from(trial.arm, (arm, row) => 1 / valueAt(trial.propensity[arm]!, row)),
    outcome: trial.outcome,
  };
}

class Sums {
  rows = 0;
  treated = 0;
  control = 0;
  ofTreated = 0;
  ofControl = 0;

  add({ treated, weight, outcome }: Walk, row: number, times: number): void {
    const part = weight[row]! * times;
    this.rows += times;
    if (treated[row] === 1) {
      this.treated += part;
      this.ofTreated += part * outcome[row]!;
    } else {
      this.control += part;
      this.ofControl += part * outcome[row]!;
    }
  }

  /** Y₁ − Y₀ N₁ / N₀; without a control above a score its outcomes count as 0, as in scikit-uplift. */
  get gain(): number {
    return this.ofTreated - (this.control === 0 ? 0 : this.ofControl * this.treated / this.control);
  }
}

function pointsOf(walk: Walk): QiniPoint[] {
  const sums = new Sums(), points: QiniPoint[] = [];
  for (let place = 0; place < walk.order.length; place++) {
    sums.add(walk, walk.order[place]!, 1);
    if (walk.isEnd[place] === 1) points.push({ share: sums.rows / walk.order.length, gain: sums.gain });
  }
  return points.map(({ share, gain }) => ({ share, gain: gain / sums.treated }));
}

/** Q(share) / Q(1), each row counted `times` often. */
function shareAt(walk: Walk, share: number, times?: Float64Array): number {
  let total = 0;
  if (times) { for (let row = 0; row < times.length; row++) total += times[row]!; }
  else total = walk.order.length;
  const wanted = share * total;
  const sums = new Sums();
  let reached: number | undefined, before = { rows: 0, gain: 0 };
  for (let place = 0; place < walk.order.length; place++) {
    const row = walk.order[place]!;
    sums.add(walk, row, times ? times[row]! : 1);
    if (reached !== undefined || walk.isEnd[place] !== 1) continue;
    if (sums.rows >= wanted) {
      const part = sums.rows === before.rows ? 1 : (wanted - before.rows) / (sums.rows - before.rows);
      reached = before.gain + part * (sums.gain - before.gain);
    } else before = { rows: sums.rows, gain: sums.gain };
  }
  return reached! / sums.gain;
}

/** Customers of similar scores, and what the contact did to them. */
export interface UpliftBin extends Estimate {
  /** 1 for the highest scores. */
  bin: number;
  customers: number;
  /** Mean score. */
  predicted: number;
}

/**
 * The effect among customers of similar scores, in bins of equal size, the highest scores first: weighted difference of
 * means with the normal interval of unequal variances.
 *
 * @throws {InputError} as {@linkcode qini} does.
 */
export function upliftByBin(
  trial: Trial,
  scores: ArrayLike<number>,
  { bins = 10, confidence = 0.95 }: { bins?: number; confidence?: number } = {},
): UpliftBin[] {
  const { order, weight } = openWalk(trial, scores);
  const z = normalQuantile((1 + confidence) / 2);
  return Array.from({ length: bins }, (_, bin) => {
    const rows = order.subarray(
      Math.round(bin * order.length / bins),
      Math.round((bin + 1) * order.length / bins),
    );
    const [zero, one] = [0, 1].map((arm) => {
      const members = rows.filter((row) => trial.arm[row] === arm);
      const total = members.reduce((sum, row) => sum + weight[row]!, 0);
      const mean = members.reduce((sum, row) => sum + weight[row]! * trial.outcome[row]!, 0) / total;
      const squares = members.reduce(
        (sum, row) => sum + (weight[row]! * (trial.outcome[row]! - mean)) ** 2,
        0,
      );
      return { mean, variance: squares / total ** 2 };
    }) as [{ mean: number; variance: number }, { mean: number; variance: number }];
    const estimate = one.mean - zero.mean, standardError = Math.sqrt(one.variance + zero.variance);
    return {
      bin: bin + 1,
      customers: rows.length,
      predicted: rows.reduce((sum, row) => sum + valueAt(scores, row), 0) / rows.length,
      estimate,
      standardError,
      interval: { low: estimate - z * standardError, high: estimate + z * standardError },
    };
  }).filter(({ customers }) => customers > 0);
}
