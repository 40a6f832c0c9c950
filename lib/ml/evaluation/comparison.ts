import { mean, valueAt } from "../vectors.ts";
import { checkScores } from "./metrics.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";

/** How two models differ on the same rows. Rows that are hard for both cancel out, so small differences show. */
interface PairedDifference {
  /** The first model's metric less the other's. */
  difference: number;
  /** Of the difference; Infinity where the rows are too few to estimate it. */
  standardError: number;
}

/**
 * Difference of two areas under the ROC curve on the same rows, with the standard error of DeLong, DeLong and
 * Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver operating characteristic curves",
 * Biometrics 44: 837–845. The placements are computed by mid-ranks (Sun and Xu 2014), so in O(n log n).
 *
 * @param labels 0 or 1, one a row.
 * @throws {ModelError} on lengths that differ, no rows, or a score that is not a number.
 */
export function aucDifference(labels: Uint8Array, one: Float64Array, other: Float64Array): PairedDifference {
  const [first, second] = [placements(labels, one), placements(labels, other)];
  const differences = first.map((value, row) => value - valueAt(second, row));
  const ofClass = (label: number) => differences.filter((_, row) => labels[row] === label);
  const [positives, negatives] = [ofClass(1), ofClass(0)];
  return {
    difference: mean(positives),
    standardError: Math.sqrt(varianceOfMean(positives) + varianceOfMean(negatives)),
  };
}

/**
 * Mean of the differences row by row, with its standard error.
 *
 * @param one A value a row, in the order of `other`.
 */
export function meanDifference(one: ArrayLike<number>, other: ArrayLike<number>): PairedDifference {
  const differences = Float64Array.from(
    { length: one.length },
    (_, row) => valueAt(one, row) - valueAt(other, row),
  );
  return { difference: mean(differences), standardError: Math.sqrt(varianceOfMean(differences)) };
}

/**
 * Of a row of class 1 the share of rows of class 0 with a lower score, of a row of class 0 the share of rows of
 * class 1 with a higher score; an equal score counts one half.
 */
function placements(labels: Uint8Array, scores: Float64Array): Float64Array {
  checkScores(labels, scores);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => valueAt(scores, a) - valueAt(scores, b));
  const total = labels.reduce((sum, label) => sum + label, 0);
  const counts = [labels.length - total, total];
  const placed = new Float64Array(labels.length);
  // Rows of each class with a lower score than the tie at hand.
  const below = [0, 0];
  for (let start = 0; start < order.length;) {
    let end = start;
    const tied = [0, 0];
    for (; end < order.length && scores[valueAt(order, end)] === scores[valueAt(order, start)]; end++) {
      tied[valueAt(labels, valueAt(order, end))]!++;
    }
    for (const row of order.subarray(start, end)) {
      const opposite = 1 - valueAt(labels, row);
      const lower = valueAt(below, opposite) + valueAt(tied, opposite) / 2;
      placed[row] = (labels[row] === 1 ? lower : valueAt(counts, opposite) - lower) /
        valueAt(counts, opposite);
    }
    below[0]! += valueAt(tied, 0);
    below[1]! += valueAt(tied, 1);
    start = end;
  }
  return placed;
}

function varianceOfMean(values: Float64Array): number {
  const rows = values.length;
  if (rows < 2) return Infinity;
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (rows - 1) / rows;
}

/** What a version predicted for each customer of its test set: kept for comparisons with later versions. */
export interface TestPredictions {
  /** What the values are, e.g. `churn_probability`. */
  metric: string;
  customerIds: string[];
  /** Of each customer the day from which on nothing was known to the model. */
  days: string[];
  values: Float64Array;
}

/** The file of a version that holds them: compressed JSON with the values as base64 of little-endian doubles. */
export const TEST_PREDICTIONS_FILE = "test_predictions.json.gz";
const FORMAT = "shopflow-test-predictions-1";

/** The file of {@linkcode TEST_PREDICTIONS_FILE}; equal values give equal bytes. */
export function testPredictionsFile(
  { metric, customerIds, days, values }: TestPredictions,
): Record<string, Uint8Array> {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const body = JSON.stringify({
    format: FORMAT,
    metric,
    customerIds,
    days,
    values: bytes.toString("base64"),
  });
  return { [TEST_PREDICTIONS_FILE]: new Uint8Array(gzipSync(body)) };
}

/**
 * Reads what a version predicted for its test set.
 *
 * @returns undefined when the version kept none.
 * @throws {ModelError} when the file is damaged, or holds another metric.
 */
export function readTestPredictions(
  files: Readonly<Record<string, Uint8Array>>,
  metric: string,
): TestPredictions | undefined {
  const file = files[TEST_PREDICTIONS_FILE];
  if (file === undefined) return undefined;
  const damaged = (expected: string, found: string, cause?: unknown) =>
    new ModelError("The stored predictions of a model cannot be read", { expected, found, cause });
  let content;
  try {
    content = JSON.parse(new TextDecoder().decode(gunzipSync(file)));
  } catch (cause) {
    throw damaged(`compressed JSON in ${TEST_PREDICTIONS_FILE}`, `${file.length} bytes that are not`, cause);
  }
  if (content.format !== FORMAT || content.metric !== metric) {
    throw damaged(`${FORMAT} of ${metric}`, `${content.format} of ${content.metric}`);
  }
  const { customerIds, days } = content;
  const bytes = Uint8Array.from(Buffer.from(content.values, "base64"));
  if (bytes.length !== 8 * customerIds.length || days.length !== customerIds.length) {
    throw damaged(`${customerIds.length} days and values`, `${days.length} and ${bytes.length / 8}`);
  }
  return { metric, customerIds, days, values: new Float64Array(bytes.buffer) };
}

/** Finds the value of a customer and day; undefined of those that are not in it. */
export function predictionLookup(
  { customerIds, days, values }: TestPredictions,
): (customerId: string, day: string) => number | undefined {
  const rows = new Map(customerIds.map((id, row) => [`${id}\n${days[row]}`, row]));
  return (customerId, day) => values[rows.get(`${customerId}\n${day}`) ?? -1];
}
