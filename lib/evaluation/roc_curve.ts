import { checkScores } from "./classification_metrics.ts";

/** A point of the ROC curve: what calling every score of `threshold` or more class 1 would give. */
export interface RocPoint {
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
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  const curve: RocPoint[] = [{ threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }];
  const step = Math.max(1, Math.floor(labels.length / points));
  let [found, last] = [0, -1];
  for (let i = 0; i < order.length; i++) {
    found += labels[order[i]!]!;
    const isLast = i === order.length - 1;
    // Between equal scores there is no threshold.
    if (!isLast && (scores[order[i + 1]!] === scores[order[i]!] || i - last < step)) continue;
    last = i;
    curve.push({
      threshold: scores[order[i]!]!,
      falsePositiveRate: (i + 1 - found) / Math.max(1, negatives),
      truePositiveRate: found / Math.max(1, positives),
    });
  }
  return curve;
}
