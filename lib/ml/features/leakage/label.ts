import { auc, aucDifference } from "../../evaluation/mod.ts";
import { type ClassifierTrainer, type FeatureMatrix, matrixRow, pickFeatures } from "../../classifier/mod.ts";
import { valueAt } from "../../vectors.ts";
import type { Leak } from "./future_rows.ts";

/** Rows with their outcomes, several of an entity at different dates among them. */
export interface LabelledRows {
  /** Entity of each row. */
  ids: readonly string[];
  matrix: FeatureMatrix;
  /** 0 or 1. */
  labels: Uint8Array;
}

/** The feature that ranks outcomes best alone. */
export interface StrongestFeature {
  feature: string;
  auc: number;
}

/** Who predicts behaviour is never this right: a feature that alone ranks outcomes so well holds the outcome. */
const REFUSED_AUC = 0.99;
/** Alone so good is seldom honest. */
const FLAGGED_AUC = 0.9;
/** Fewer rows of an outcome may be ranked well by chance. */
const FEWEST_OF_AN_OUTCOME = 30;
const BINS = 32;

/**
 * How well each feature ranks the outcomes alone, rising or falling or neither: of one half of the entities the share of
 * outcomes by bin of the feature's values (not known is a bin of its own), by which the other half is ranked, and the
 * reverse.
 *
 * @returns The area under the ROC curve by feature; undefined where an outcome has too few rows to tell.
 */
export function singleFeatureAuc({ ids, matrix, labels }: LabelledRows): Map<string, number> | undefined {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (Math.min(positives, labels.length - positives) < FEWEST_OF_AN_OUTCOME) return undefined;
  const half = Uint8Array.from(ids, (id) => hash(id) % 2);
  const rate = positives / labels.length;
  return new Map(matrix.names.map((name, j) => {
    const column = Float32Array.from(
      labels,
      (_, row) => valueAt(matrix.values, row * matrix.names.length + j),
    );
    const edges = binEdges(column);
    const bins = Uint8Array.from(column, (value) => binOf(edges, value));
    const sums = new Float64Array(2 * BINS + 4), counts = new Float64Array(2 * BINS + 4);
    for (const [row, bin] of bins.entries()) {
      const cell = 2 * bin + valueAt(half, row);
      sums[cell]! += valueAt(labels, row);
      counts[cell]!++;
    }
    const scores = Float64Array.from(bins, (bin, row) => {
      const other = 2 * bin + 1 - valueAt(half, row);
      return (valueAt(sums, other) + rate) / (valueAt(counts, other) + 1);
    });
    return [name, auc(labels, scores)];
  }));
}

/** Upper ends of bins: each value its own where they are few, else equally many rows a bin. */
function binEdges(column: Float32Array): number[] {
  const sorted = column.filter((value) => !Number.isNaN(value)).sort();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (distinct.length <= BINS) return [...distinct];
  const edges = Array.from(
    { length: BINS },
    (_, i) => valueAt(sorted, Math.floor((sorted.length - 1) * (i + 1) / BINS)),
  );
  return edges.filter((value, i) => value !== edges[i - 1]);
}

/** The first bin that the value is not above; those that are not known, and those above all, have the last two. */
function binOf(edges: readonly number[], value: number): number {
  if (Number.isNaN(value)) return edges.length + 1;
  let [from, to] = [0, edges.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (value <= valueAt(edges, middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** FNV-1a: the same halves in every run. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return (value ^ value >>> 16) >>> 0;
}

/**
 * Features that hold the outcome, and those that are suspiciously good alone.
 *
 * @param yardstick A feature that may be as good as a copy of the outcome and honest, such as the days since the last order
 *   of customers who order daily. Where it is, others may be, too: they say much the same, so they are flagged, not refused.
 */
export function checkSingleFeatures(
  areas: ReadonlyMap<string, number> = new Map(),
  yardstick = "",
): { refused: Leak[]; flagged: Leak[]; strongest?: StrongestFeature } {
  const found = (least: number, below = Infinity) =>
    [...areas].filter(([, area]) => area >= least && area < below).map(([feature, area]): Leak => ({
      feature,
      text: `alone it ranks the outcomes with an AUC of ${area.toFixed(3)}`,
    }));
  const [best] = [...areas].sort(([, a], [, b]) => b - a);
  const isEasy = (areas.get(yardstick) ?? 0) >= REFUSED_AUC;
  return {
    refused: isEasy ? [] : found(REFUSED_AUC),
    flagged: isEasy ? found(FLAGGED_AUC) : found(FLAGGED_AUC, REFUSED_AUC),
    ...(best && { strongest: { feature: best[0], auc: best[1] } }),
  };
}

/** More is seldom due to one honest feature, since others say much of the same. */
const SUSPICIOUS_DROP = 0.05;
/** Beyond chance. */
const STANDARD_ERRORS = 3;
const MOST_ROWS = 3000;
const CANDIDATES = 3;

/**
 * Flags features without which a model is suspiciously worse: fits one without each of the strongest on two thirds of the
 * entities, and measures it on the others.
 */
export async function checkRemovals(
  { ids, matrix, labels }: LabelledRows,
  areas: ReadonlyMap<string, number>,
  trainer: ClassifierTrainer,
): Promise<Leak[]> {
  const step = Math.max(1, Math.ceil(ids.length / MOST_ROWS));
  const rows = [...ids.keys()].filter((row) => row % step === 0);
  const part = (isTest: boolean): LabelledRows => {
    const chosen = rows.filter((row) => (hash(valueAt(ids, row)) % 3 === 0) === isTest);
    const values = new Float32Array(chosen.length * matrix.names.length);
    for (const [i, row] of chosen.entries()) values.set(matrixRow(matrix, row), i * matrix.names.length);
    return {
      ids: chosen.map((row) => valueAt(ids, row)),
      matrix: { names: matrix.names, rows: chosen.length, values },
      labels: Uint8Array.from(chosen, (row) => valueAt(labels, row)),
    };
  };
  const training = part(false), test = part(true);
  if (![training, test].every(({ labels }) => labels.includes(0) && labels.includes(1))) return [];
  const predictions = async (names: readonly string[]) =>
    (await trainer.fit(pickFeatures(training.matrix, names), training.labels))
      .predict(pickFeatures(test.matrix, names));
  const candidates = [...areas].sort(([, a], [, b]) => b - a).slice(0, CANDIDATES).map(([name]) => name);
  const [all = new Float64Array(), ...others] = await Promise.all(
    [undefined, ...candidates].map((left) => predictions(matrix.names.filter((name) => name !== left))),
  );
  const whole = auc(test.labels, all);
  const leaks: Leak[] = [];
  for (const [i, feature] of candidates.entries()) {
    const without = valueAt(others, i);
    const { standardError } = aucDifference(test.labels, all, without);
    const drop = whole - auc(test.labels, without);
    if (drop < SUSPICIOUS_DROP || drop < STANDARD_ERRORS * standardError) continue;
    leaks.push({
      feature,
      text: `without it the AUC falls by ${drop.toFixed(3)}, from ${whole.toFixed(3)} to ${
        (whole - drop).toFixed(3)
      }`,
    });
  }
  return leaks;
}
