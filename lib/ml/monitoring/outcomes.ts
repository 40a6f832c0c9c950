import { auc, aucDifference, logLoss } from "../evaluation/mod.ts";
import { NORMAL_95 } from "../statistics/mod.ts";
import { mean, valueAt } from "../vectors.ts";

/** How right the scores of one day were, once their outcomes were known. */
export interface OutcomeQuality {
  /** Scores with an outcome. */
  rows: number;
  /** Mean predicted and mean observed outcome. */
  predicted: number;
  observed: number;
  /** Of probabilities: how well they rank; null where all outcomes are the same. */
  auc: number | null;
  /** 95 % interval of the AUC (DeLong, DeLong and Clarke-Pearson 1988). */
  aucInterval: [low: number, high: number] | null;
  /** Of probabilities, in nats. */
  logLoss: number | null;
  /** Mean squared error: of probabilities the Brier score. */
  meanSquaredError: number;
  /** Of amounts and counts: mean absolute error. */
  meanAbsoluteError: number;
}

/**
 * Measures scores on their outcomes.
 *
 * @param outcomes What happened, in the order of `scores`; 0 or 1 where scores are probabilities.
 * @param kind What the scores are.
 */
export function outcomeQuality(
  outcomes: Float64Array,
  scores: Float64Array,
  kind: "probability" | "amount",
): OutcomeQuality {
  const errors = scores.map((score, row) => score - valueAt(outcomes, row));
  const amounts: OutcomeQuality = {
    rows: scores.length,
    predicted: mean(scores),
    observed: mean(outcomes),
    auc: null,
    aucInterval: null,
    logLoss: null,
    meanSquaredError: mean(errors.map((error) => error * error)),
    meanAbsoluteError: mean(errors.map(Math.abs)),
  };
  if (kind === "amount" || scores.length === 0) return amounts;
  const labels = Uint8Array.from(outcomes);
  const probabilities = { ...amounts, logLoss: logLoss(labels, scores) };
  if (amounts.observed === 0 || amounts.observed === 1) return probabilities;
  const area = auc(labels, scores);
  // Equal scores rank nothing: the difference to them is that of the area to one half.
  const { standardError } = aucDifference(labels, scores, new Float64Array(scores.length));
  return {
    ...probabilities,
    auc: area,
    aucInterval: Number.isFinite(standardError)
      ? [Math.max(0, area - NORMAL_95 * standardError), Math.min(1, area + NORMAL_95 * standardError)]
      : null,
  };
}
