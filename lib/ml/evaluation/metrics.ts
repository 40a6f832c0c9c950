import { valueAt } from "../vectors.ts";
import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";

/**
 * Area under the ROC curve by the rank-sum of Mann and Whitney (1947); tied scores share their mean rank, so
 * a pair of equals counts one half.
 *
 * @throws {ModelError} when one class is absent or the lengths differ.
 */
export function auc(labels: Uint8Array, scores: Float64Array): number {
  checkScores(labels, scores);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => valueAt(scores, a) - valueAt(scores, b));
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    let positivesInTie = 0;
    for (; end < order.length && scores[valueAt(order, end)] === scores[valueAt(order, start)]; end++) {
      positivesInTie += valueAt(labels, valueAt(order, end));
    }
    // Ranks start + 1 … end have the mean (start + 1 + end) / 2.
    rankSum += positivesInTie * (start + 1 + end) / 2;
    positives += positivesInTie;
    start = end;
  }
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) {
    throw new TooLittleDataError("AUC needs both classes", {
      expected: "rows of class 0 and of class 1",
      found: `${positives} of class 1 and ${negatives} of class 0`,
    });
  }
  return (rankSum - positives * (positives + 1) / 2) / (positives * negatives);
}

/**
 * Mean negative log-likelihood; probabilities are kept 1e-15 away from 0 and 1 so that one certain mistake
 * does not make it infinite.
 *
 * @throws {ModelError} when the lengths differ or there are no rows.
 */
export function logLoss(labels: Uint8Array, probabilities: Float64Array): number {
  checkScores(labels, probabilities);
  return mean(labels, (label, i) => {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, valueAt(probabilities, i)));
    return -Math.log(label === 1 ? p : 1 - p);
  });
}

/** @throws {ModelError} on lengths that differ, no rows, or a score that is not a number. */
export function checkScores(labels: Uint8Array, scores: Float64Array): void {
  if (labels.length !== scores.length || labels.length === 0) {
    throw new ModelError("Labels and scores do not fit", {
      expected: "one score a label, at least one",
      found: `${labels.length} labels and ${scores.length} scores`,
    });
  }
  const wrong = scores.findIndex(Number.isNaN);
  if (wrong >= 0) throw new ModelError("A score is not a number", { found: `NaN in row ${wrong}` });
}

function mean(labels: Uint8Array, term: (label: number, i: number) => number): number {
  let sum = 0;
  for (const [i, label] of labels.entries()) sum += term(label, i);
  return sum / labels.length;
}

/** A point of the ROC curve: what calling every score of `threshold` or more class 1 would give. */
interface RocPoint {
  threshold: number;
  falsePositiveRate: number;
  truePositiveRate: number;
}

/**
 * The ROC curve from (0, 0) to (1, 1), one point a distinct score, thinned to about `points` for drawing.
 *
 * @throws {ModelError} when the lengths differ or there are no rows.
 */
export function rocCurve(
  labels: Uint8Array,
  scores: Float64Array,
  { points = 200 }: { points?: number } = {},
): RocPoint[] {
  checkScores(labels, scores);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => valueAt(scores, b) - valueAt(scores, a));
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  const curve: RocPoint[] = [{ threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }];
  const step = Math.max(1, Math.floor(labels.length / points));
  let [found, last] = [0, -1];
  for (let i = 0; i < order.length; i++) {
    found += valueAt(labels, valueAt(order, i));
    const isLast = i === order.length - 1;
    // Between equal scores there is no threshold.
    if (!isLast && (scores[valueAt(order, i + 1)] === scores[valueAt(order, i)] || i - last < step)) continue;
    last = i;
    curve.push({
      threshold: valueAt(scores, valueAt(order, i)),
      falsePositiveRate: (i + 1 - found) / Math.max(1, negatives),
      truePositiveRate: found / Math.max(1, positives),
    });
  }
  return curve;
}

/** Rows of similar predicted probability, and how many of them churned. */
export interface CalibrationBin {
  /** 1 for the lowest probabilities. */
  bin: number;
  rows: number;
  lowest: number;
  highest: number;
  /** Mean predicted probability. */
  predicted: number;
  /** Share of class 1. */
  observed: number;
}

/**
 * Sorts rows by predicted probability, cuts them into bins of equal size (deciles by default) and compares
 * the mean prediction with what happened. There are fewer bins than wanted where rows are fewer.
 *
 * @throws {ModelError} when the lengths differ or there are no rows.
 */
export function calibrationTable(
  labels: Uint8Array,
  probabilities: Float64Array,
  { bins = 10 }: { bins?: number } = {},
): CalibrationBin[] {
  checkScores(labels, probabilities);
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) =>
    valueAt(probabilities, a) - valueAt(probabilities, b)
  );
  return Array.from({ length: bins }, (_, bin) => {
    const start = Math.round(bin * order.length / bins);
    return order.subarray(start, Math.round((bin + 1) * order.length / bins));
  }).filter((members) => members.length > 0).map((members, bin) => ({
    bin: bin + 1,
    rows: members.length,
    lowest: valueAt(probabilities, valueAt(members, 0)),
    highest: valueAt(probabilities, members.at(-1)!),
    predicted: members.reduce((sum, i) => sum + valueAt(probabilities, i), 0) / members.length,
    observed: members.reduce((sum, i) => sum + valueAt(labels, i), 0) / members.length,
  }));
}
