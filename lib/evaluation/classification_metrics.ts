import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";

/** How well probabilities of class 1 fit what happened. */
export interface ClassificationMetrics {
  /** Area under the ROC curve: how often a random member of class 1 gets the higher score. */
  auc: number;
  /** Mean negative log-likelihood, in nats. */
  logLoss: number;
  /** Mean squared error of the probabilities. */
  brier: number;
}

/** All metrics at once; throws as {@linkcode auc} does. */
export function classificationMetrics(
  labels: Uint8Array,
  probabilities: Float64Array,
): ClassificationMetrics {
  return {
    auc: auc(labels, probabilities),
    logLoss: logLoss(labels, probabilities),
    brier: brierScore(labels, probabilities),
  };
}

/**
 * Area under the ROC curve by the rank-sum of Mann and Whitney (1947); tied scores share their mean rank, so
 * a pair of equals counts one half.
 *
 * @throws {ModelError} when one class is absent or the lengths differ.
 */
export function auc(labels: Uint8Array, scores: Float64Array): number {
  checkScores(labels, scores);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    let positivesInTie = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      positivesInTie += labels[order[end]!]!;
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
    const p = Math.min(1 - 1e-15, Math.max(1e-15, probabilities[i]!));
    return -Math.log(label === 1 ? p : 1 - p);
  });
}

/**
 * Brier score (1950) of two classes: the mean squared difference of probability and outcome.
 *
 * @throws {ModelError} when the lengths differ or there are no rows.
 */
export function brierScore(labels: Uint8Array, probabilities: Float64Array): number {
  checkScores(labels, probabilities);
  return mean(labels, (label, i) => (probabilities[i]! - label) ** 2);
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
