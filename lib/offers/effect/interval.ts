/** Intervals of rates and of sums of independent contributions. */
import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { normalQuantile } from "shopflow/ml/statistics/mod.ts";

export interface Interval {
  low: number;
  high: number;
}

/** @throws {InputError} when the confidence is not between 0 and 1. */
export function checkConfidence(confidence: number): void {
  if (confidence > 0 && confidence < 1) return;
  throw new InputError("Invalid confidence", {
    expected: "a number between 0 and 1, such as 0.95",
    found: String(confidence),
  });
}

/**
 * Score interval of a rate (Wilson 1927): within 0 and 1 and of a sensible width even with no event, or with events
 * only.
 *
 * @param events Rows with outcome 1, of `rows` rows.
 */
export function wilsonInterval(events: number, rows: number, confidence = 0.95): Interval {
  checkConfidence(confidence);
  if (!(rows > 0 && events >= 0 && events <= rows)) {
    throw new InputError("Invalid rate", {
      expected: "events of at least 1 row, no more than the rows",
      found: `${events} of ${rows}`,
    });
  }
  const z = normalQuantile((1 + confidence) / 2), rate = events / rows;
  const center = (rate + z * z / (2 * rows)) / (1 + z * z / rows);
  const half = z * Math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows);
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

/**
 * Interval of the difference of two rates: Newcombe's hybrid of two score intervals (1998, "Interval estimation for the
 * difference between independent proportions", Statistics in Medicine 17, method 10). It covers at its nominal rate in
 * small samples too, and needs no event.
 *
 * @param one Events and rows of the first arm, from whose rate the other's is taken.
 */
export function newcombeInterval(
  one: { events: number; rows: number },
  other: { events: number; rows: number },
  confidence = 0.95,
): Interval {
  const [p, q] = [one.events / one.rows, other.events / other.rows];
  const [a, b] = [
    wilsonInterval(one.events, one.rows, confidence),
    wilsonInterval(other.events, other.rows, confidence),
  ];
  return {
    low: p - q - Math.hypot(p - a.low, b.high - q),
    high: p - q + Math.hypot(a.high - p, q - b.low),
  };
}

/**
 * Variance of a sum of contributions with mean 0 that are independent from cluster to cluster: Σ (sum of a cluster)²,
 * times G / (G − 1) of G clusters (Liang and Zeger 1986). Without clusters every row is one, and the factor is left to
 * the caller, who knows the arms.
 */
export function varianceOfSum(
  contributions: Float64Array,
  clusters?: Int32Array,
): { variance: number; clusters: number } {
  if (clusters === undefined) {
    let variance = 0;
    for (const value of contributions) variance += value * value;
    return { variance, clusters: contributions.length };
  }
  const sums = new Float64Array(1 + clusters.reduce((most, cluster) => Math.max(most, cluster), 0));
  const seen = new Uint8Array(sums.length);
  for (let row = 0; row < contributions.length; row++) {
    const cluster = valueAt(clusters, row);
    sums[cluster]! += valueAt(contributions, row);
    seen[cluster] = 1;
  }
  const count = seen.reduce((total, one) => total + one, 0);
  const variance = sums.reduce((total, sum) => total + sum * sum, 0);
  return { variance: variance * count / Math.max(1, count - 1), clusters: count };
}
