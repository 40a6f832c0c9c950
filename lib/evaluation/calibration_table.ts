import { checkScores } from "./classification_metrics.ts";

/** Rows of similar predicted probability, and what became of them. */
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
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) => probabilities[a]! - probabilities[b]!);
  return Array.from({ length: bins }, (_, bin) => {
    const start = Math.round(bin * order.length / bins);
    return order.subarray(start, Math.round((bin + 1) * order.length / bins));
  }).filter((members) => members.length > 0).map((members, bin) => ({
    bin: bin + 1,
    rows: members.length,
    lowest: probabilities[members[0]!]!,
    highest: probabilities[members.at(-1)!]!,
    predicted: members.reduce((sum, i) => sum + probabilities[i]!, 0) / members.length,
    observed: members.reduce((sum, i) => sum + labels[i]!, 0) / members.length,
  }));
}

/** Mean distance between predicted and observed over the bins, weighted by rows (ECE). */
export function calibrationError(table: CalibrationBin[]): number {
  const rows = table.reduce((sum, bin) => sum + bin.rows, 0);
  return table.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.predicted - bin.observed), 0) / rows;
}
