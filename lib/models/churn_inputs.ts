import { canBeAbsent, type FeatureLimits, featureLimits, requiredFeatures } from "shopflow/features/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { readModelJson, writeModelJson } from "./classifier.ts";
import { type FeatureMatrix, featureMatrix, matrixRow } from "./feature_matrix.ts";

const FILE = "inputs.json";
const FORMAT = "shopflow-churn-inputs-1";
/** Training rows that are kept: enough that forty of them are like almost any customer. */
const BACKGROUND_ROWS = 2000;

/** What a churn model says of one of its features. */
export interface DeclaredFeature extends FeatureLimits {
  name: string;
  /** Nothing is estimated without it. */
  required: boolean;
  /** "none" is a value: there is nothing that could be measured, such as the gap between orders of a first order. */
  canBeAbsent: boolean;
  /** What the training saw; null where no training row had a value, absent where the model does not say. */
  seen?: { least: number; most: number } | null;
}

/** What a churn model takes, and customers of its training to stand in for what is not sent. */
export interface ChurnInputs {
  features: DeclaredFeature[];
  /** In random order. */
  background: FeatureMatrix;
}

interface SavedInputs {
  format: typeof FORMAT;
  features: (Omit<DeclaredFeature, "least" | "most"> & { least: number | null; most: number | null })[];
  /** Row by row; null is not known. */
  background: (number | null)[][];
}

/**
 * Declares what a model that is trained on these rows takes.
 *
 * @param options.rows How many of them are kept at most; the same rows and seed give the same ones.
 */
export function churnInputs(
  training: FeatureMatrix,
  { rows = BACKGROUND_ROWS, seed = 1 }: { rows?: number; seed?: number } = {},
): ChurnInputs {
  const required = requiredFeatures(training.names);
  const features = training.names.map((name, j): DeclaredFeature => {
    const seen = range(training, j);
    const { least, most, whole } = featureLimits(name);
    return {
      name,
      required: required.includes(name),
      // What the shop's own data holds is no mistake.
      least: Math.min(least, seen?.least ?? Infinity),
      most: Math.max(most, seen?.most ?? -Infinity),
      whole,
      canBeAbsent: canBeAbsent(name),
      seen,
    };
  });
  const kept = sample(training.rows, rows, createRandom(seed, "churn background"));
  const width = training.names.length;
  const values = new Float32Array(kept.length * width);
  for (const [i, row] of kept.entries()) values.set(matrixRow(training, row), i * width);
  return { features, background: { names: [...training.names], rows: kept.length, values } };
}

function range(
  { names, rows, values }: FeatureMatrix,
  column: number,
): { least: number; most: number } | null {
  let seen: { least: number; most: number } | null = null;
  for (let at = column; at < rows * names.length; at += names.length) {
    const value = values[at]!;
    if (Number.isNaN(value)) continue;
    seen ??= { least: value, most: value };
    seen.least = Math.min(seen.least, value);
    seen.most = Math.max(seen.most, value);
  }
  return seen;
}

/** The first of a random order (Fisher and Yates). */
function sample(rows: number, wanted: number, random: () => number): number[] {
  const order = Array.from({ length: rows }, (_, row) => row);
  const count = Math.min(rows, wanted);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (rows - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order.slice(0, count);
}

/** The file of a model version that holds its declaration. */
export function saveChurnInputs({ features, background }: ChurnInputs): Record<string, Uint8Array> {
  return {
    [FILE]: writeModelJson<SavedInputs>({
      format: FORMAT,
      features: features.map((feature) => ({
        ...feature,
        least: finite(feature.least),
        most: finite(feature.most),
      })),
      background: Array.from(
        { length: background.rows },
        (_, row) => Array.from(matrixRow(background, row), (value) => Number.isNaN(value) ? null : value),
      ),
    }),
  };
}

/** The inverse of {@linkcode saveChurnInputs}; a {@linkcode ModelError} when the file is missing or another. */
export function loadChurnInputs(files: Record<string, Uint8Array>): ChurnInputs {
  const { features, background } = readModelJson<SavedInputs>(files, FILE, FORMAT);
  const names = features.map(({ name }) => name);
  const columns = Object.fromEntries(names.map((name, j) => [name, background.map((row) => row[j])]));
  return {
    features: features.map((feature) => ({
      ...feature,
      least: feature.least ?? -Infinity,
      most: feature.most ?? Infinity,
    })),
    background: featureMatrix(names, columns),
  };
}

/** JSON has no infinity. */
const finite = (value: number) => Number.isFinite(value) ? value : null;

/** Finds training customers that are like a customer in what is known of that one. */
export interface BackgroundIndex {
  /**
   * Rows of the background, the most alike first.
   *
   * @param known Column and value of what is known; NaN where there is nothing to measure.
   */
  mostAlike(known: [column: number, value: number][], count: number): number[];
}

/**
 * Compares by rank among the background's values, so that ten orders more count for as much as that many customers lie
 * between; unlike kinds (a value here, nothing there) are as far apart as the ends.
 */
export function indexBackground({ names, rows, values }: FeatureMatrix): BackgroundIndex {
  const width = names.length;
  const sorted = names.map((_, j) => {
    const column = new Float32Array(rows);
    for (let row = 0; row < rows; row++) column[row] = values[row * width + j]!;
    return column.filter((value) => !Number.isNaN(value)).sort();
  });
  const rank = (j: number, value: number) => Number.isNaN(value) ? NaN : middleRank(sorted[j]!, value);
  const ranks = values.map((value, at) => rank(at % width, value));
  return {
    mostAlike(known, count) {
      const wanted = known.map(([j, value]) => [j, rank(j, value)] as const);
      const distances = new Float64Array(rows);
      for (let row = 0; row < rows; row++) {
        for (const [j, own] of wanted) {
          const other = ranks[row * width + j]!;
          const apart = Number.isNaN(own) || Number.isNaN(other)
            ? Number(Number.isNaN(own) !== Number.isNaN(other))
            : own - other;
          distances[row]! += apart * apart;
        }
      }
      // Equally distant rows stay in the background's random order.
      return Array.from({ length: rows }, (_, row) => row)
        .sort((a, b) => distances[a]! - distances[b]! || a - b).slice(0, count);
    },
  };
}

/** Where a value stands in a sorted list, 0 to 1; one that occurs several times in the middle of these. */
function middleRank(sorted: Float32Array, value: number): number {
  const below = firstIndex(sorted, (other) => other >= value);
  const notAbove = firstIndex(sorted, (other) => other > value);
  return sorted.length === 0 ? 0.5 : (below + notAbove) / (2 * sorted.length);
}

function firstIndex(sorted: Float32Array, holds: (value: number) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(sorted[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}
