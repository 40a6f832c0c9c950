import { valueAt } from "../vectors.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { checkScores } from "./metrics.ts";

/** Rows sorted by score once, so that metrics of many weightings (a bootstrap) take one pass each. */
export interface RankedRows {
  labels: Uint8Array;
  probabilities: Float64Array;
  /** Row numbers, the highest probability first. */
  order: Uint32Array;
  /** The bin of each row among ten of equal size by probability: for the calibration error. */
  bin: Uint8Array;
}

/** How well probabilities rank customers and fit what happened. All but the losses and errors: higher is better. */
export interface RankedMetrics {
  auc: number;
  /** Area under the precision-recall curve, as average precision. */
  prAuc: number;
  /** Mean negative log-likelihood, in nats. */
  logLoss: number;
  brier: number;
  /** Mean distance between predicted and observed over ten bins of equal size, 0..1. */
  calibrationError: number;
  /** Share of class 1 in the tenth with the highest scores, over the share in all rows; 1 is chance. */
  liftTopTenth: number;
  /** Share of rows above the threshold, 0..1. */
  contactedShare: number;
  /** Of the rows above the threshold the share of class 1; NaN where there are none. */
  precisionContacted: number;
  /** Precision of those above the threshold over the share of class 1 in all rows; NaN where there are none. */
  liftContacted: number;
  /** Share of class 1 in all rows. */
  positiveShare: number;
}

const BINS = 10;
const TOP_SHARE = 0.1;

/**
 * Sorts rows for {@linkcode rankedMetrics}.
 *
 * @param labels 0 or 1, one a row.
 * @throws {ModelError} on lengths that differ, no rows, or a score that is not a number.
 */
export function rankRows(labels: Uint8Array, probabilities: Float64Array): RankedRows {
  checkScores(labels, probabilities);
  // Equal scores by row, so that the order is the same everywhere.
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) =>
    valueAt(probabilities, b) - valueAt(probabilities, a) || a - b
  );
  const bin = new Uint8Array(labels.length);
  for (const [place, row] of order.entries()) bin[row] = Math.floor(place * BINS / order.length);
  return { labels, probabilities, order, bin };
}

/**
 * The metrics of ranked rows, each counted `weights[row]` times (default once). Ties share their place, so that the order
 * of equal scores changes nothing: of a tie that the top tenth cuts, a part counts.
 *
 * AUC is the rank sum of Mann and Whitney (1947); average precision is Σ (R_k − R_{k−1}) P_k over distinct scores, as in
 * scikit-learn; lift is that of direct marketing (Ling and Li 1998, KDD-98).
 *
 * @param threshold Rows with a higher probability are contacted.
 * @throws {TooLittleDataError} when one class is absent.
 */
export function rankedMetrics(
  { labels, probabilities, order, bin }: RankedRows,
  threshold: number,
  weights?: ArrayLike<number>,
): RankedMetrics {
  const weightOf = weights === undefined ? () => 1 : (row: number) => weights[row] ?? 0;
  let [total, positives, logLoss, brier] = [0, 0, 0, 0];
  const binned = Array.from({ length: BINS }, () => ({ weight: 0, predicted: 0, observed: 0 }));
  for (const [row, label] of labels.entries()) {
    const weight = weightOf(row);
    if (weight === 0) continue;
    const probability = valueAt(probabilities, row);
    const kept = Math.min(1 - 1e-15, Math.max(1e-15, probability));
    total += weight;
    positives += weight * label;
    logLoss -= weight * Math.log(label === 1 ? kept : 1 - kept);
    brier += weight * (probability - label) ** 2;
    const members = valueAt(binned, valueAt(bin, row));
    members.weight += weight;
    members.predicted += weight * probability;
    members.observed += weight * label;
  }
  const negatives = total - positives;
  if (positives === 0 || negatives === 0) {
    throw new TooLittleDataError("Metrics need both classes", {
      expected: "rows of class 0 and of class 1",
      found: `${positives} of class 1 and ${negatives} of class 0`,
    });
  }
  const top = TOP_SHARE * total;
  let [seen, found, concordant, precisionSum, inTop] = [0, 0, 0, 0, 0];
  let [contacted, contactedPositives] = [0, 0];
  for (let start = 0; start < order.length;) {
    const score = valueAt(probabilities, valueAt(order, start));
    let end = start;
    let [tied, tiedPositives] = [0, 0];
    for (; end < order.length && probabilities[valueAt(order, end)] === score; end++) {
      const row = valueAt(order, end);
      const weight = weightOf(row);
      tied += weight;
      tiedPositives += weight * valueAt(labels, row);
    }
    start = end;
    if (tied === 0) continue;
    if (seen < top) inTop += tiedPositives * Math.min(1, (top - seen) / tied);
    // Positives beat all negatives further down, and half of those of the same score.
    concordant += tiedPositives * (negatives - (seen - found) - (tied - tiedPositives) / 2);
    seen += tied;
    found += tiedPositives;
    precisionSum += tiedPositives * found / seen;
    if (score > threshold) [contacted, contactedPositives] = [seen, found];
  }
  const positiveShare = positives / total;
  const precisionContacted = contacted === 0 ? NaN : contactedPositives / contacted;
  return {
    auc: concordant / (positives * negatives),
    prAuc: precisionSum / positives,
    logLoss: logLoss / total,
    brier: brier / total,
    calibrationError:
      binned.reduce((sum, { predicted, observed }) => sum + Math.abs(predicted - observed), 0) /
      total,
    liftTopTenth: inTop / top / positiveShare,
    contactedShare: contacted / total,
    precisionContacted,
    liftContacted: precisionContacted / positiveShare,
    positiveShare,
  };
}
