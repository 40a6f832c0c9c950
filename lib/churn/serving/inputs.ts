import { valueAt } from "shopflow/ml/mod.ts";
import {
  type FeatureMatrix,
  featureMatrix,
  matrixRow,
  readModelJson,
  writeModelJson,
} from "shopflow/ml/classifier/mod.ts";
import {
  canBeAbsent,
  contradiction,
  type FeatureLimits,
  featureLimits,
  requiredFeatures,
} from "shopflow/ml/features/mod.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

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
  const required = requiredFeatures(CUSTOMER_FEATURES, training.names);
  const features = training.names.map((name, j): DeclaredFeature => {
    const seen = range(training, j);
    const { least, most, whole } = featureLimits(CUSTOMER_FEATURES, name);
    return {
      name,
      required: required.includes(name),
      // What the shop's own data holds is no mistake.
      least: Math.min(least, seen?.least ?? Infinity),
      most: Math.max(most, seen?.most ?? -Infinity),
      whole,
      canBeAbsent: canBeAbsent(CUSTOMER_FEATURES, name),
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
    const value = valueAt(values, at);
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
    [order[i], order[other]] = [valueAt(order, other), valueAt(order, i)];
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
interface BackgroundIndex {
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
    for (let row = 0; row < rows; row++) column[row] = valueAt(values, row * width + j);
    return column.filter((value) => !Number.isNaN(value)).sort();
  });
  const rank = (j: number, value: number) =>
    Number.isNaN(value) ? NaN : middleRank(valueAt(sorted, j), value);
  const ranks = values.map((value, at) => rank(at % width, value));
  return {
    mostAlike(known, count) {
      const wanted = known.map(([j, value]) => [j, rank(j, value)] as const);
      const distances = new Float64Array(rows);
      for (let row = 0; row < rows; row++) {
        for (const [j, own] of wanted) {
          const other = valueAt(ranks, row * width + j);
          const apart = Number.isNaN(own) || Number.isNaN(other)
            ? Number(Number.isNaN(own) !== Number.isNaN(other))
            : own - other;
          distances[row]! += apart * apart;
        }
      }
      // Equally distant rows stay in the background's random order.
      return Array.from({ length: rows }, (_, row) => row)
        .sort((a, b) => valueAt(distances, a) - valueAt(distances, b) || a - b).slice(0, count);
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
    if (holds(valueAt(sorted, middle))) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** What is sent of a customer: null is not known, "none" that there is nothing to measure. */
export type SentFeatures = Record<string, number | "none" | null>;

/** Why an estimate is refused. */
interface InputProblem {
  code: "unknown_features" | "missing_features" | "feature_out_of_range" | "contradictory_features";
  problem: string;
  expected: string;
  found: string;
  remedy: string;
}

/** A value so many times beyond what the training saw is in another unit, or another shop's. */
const FAR = 10;

/** The first thing that is wrong with what was sent; undefined where an estimate can be made. */
export function inputProblem(
  { features }: Pick<ChurnInputs, "features">,
  sent: SentFeatures,
): InputProblem | undefined {
  return unknownNames(features, sent) ?? missingValues(features, sent) ?? outOfRange(features, sent) ??
    contradicting(sent);
}

/** Features whose sent value lies beyond what the training saw, which the model takes for the nearest that it saw. */
export function beyondTraining({ features }: ChurnInputs, sent: SentFeatures): DeclaredFeature[] {
  return features.filter(({ name, seen }) => {
    const value = sent[name];
    if (typeof value !== "number" || seen === undefined) return false;
    return seen === null || value < seen.least || value > seen.most;
  });
}

function unknownNames(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  const names = features.map(({ name }) => name);
  const unknown = Object.keys(sent).filter((name) => !names.includes(name));
  if (unknown.length === 0) return undefined;
  const meant = unknown.flatMap((name) => {
    const [closest] = names.toSorted((a, b) => likeness(name, b) - likeness(name, a));
    return closest !== undefined && likeness(name, closest) >= 0.4 ? [`${closest} for ${name}`] : [];
  });
  return {
    code: "unknown_features",
    problem: "Unknown features",
    expected: `names among ${names.join(", ")}`,
    found: unknown.join(", "),
    remedy: meant.length > 0
      ? `Perhaps you mean ${meant.join(", ")}.`
      : "Correct the names or leave them out.",
  };
}

/** Share of pairs of letters that two names have in common (Dice 1945). */
function likeness(a: string, b: string): number {
  const pairs = (text: string) =>
    Array.from({ length: text.length - 1 }, (_, i) => text.toLowerCase().slice(i, i + 2));
  const [left, right] = [pairs(a), pairs(b)];
  return 2 * left.filter((pair) => right.includes(pair)).length / Math.max(1, left.length + right.length);
}

function missingValues(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  const required = features.filter((feature) => feature.required);
  const missing = required.filter(({ name }) => typeof sent[name] !== "number");
  const empty = required.length === 0 && Object.values(sent).every((value) => value === null);
  if (missing.length === 0 && !empty) return undefined;
  return {
    code: "missing_features",
    problem: "Not enough is known about the customer for an estimate",
    expected: empty
      ? "a value for at least one feature"
      : `${required.map(({ name }) => name).join(" and ")}, as ${
        required.length === 1 ? "a number" : "numbers"
      }`,
    found: empty ? "none" : `no value for ${missing.map(({ name }) => name).join(" and ")}`,
    remedy: 'Send what is known, such as {"features": {"recency_days": 40, "order_count": 4}}; ' +
      "the more, the better the estimate.",
  };
}

function outOfRange(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  for (const feature of features) {
    const value = sent[feature.name];
    if (value === undefined || value === null || isPossible(feature, value)) continue;
    return {
      code: "feature_out_of_range",
      problem: `${feature.name} has an impossible value`,
      expected: expectedValues(feature),
      found: String(value),
      remedy: "Correct it, or leave it out if it is unknown; /docs has the meaning and unit of each feature.",
    };
  }
}

function isPossible(feature: DeclaredFeature, value: number | "none"): boolean {
  if (value === "none") return feature.canBeAbsent;
  if (!Number.isFinite(value) || value < feature.least || value > feature.most) return false;
  return Math.abs(value) <= highest(feature) && (!feature.whole || Number.isInteger(value));
}

/** What is higher than this is no measurement of this shop. */
function highest({ most, seen }: DeclaredFeature): number {
  if (most !== Infinity || !seen) return most;
  return FAR * Math.max(1, Math.abs(seen.least), Math.abs(seen.most));
}

/** A feature's possible values in words, e.g. `a whole number from 1 to 3,120 (the training saw 1 to 312)`. */
export function expectedValues(feature: DeclaredFeature): string {
  const { least, whole, seen, canBeAbsent } = feature;
  const most = highest(feature);
  const kind = whole ? "a whole number" : "a number";
  const bounds = [
    ...(least === -Infinity ? [] : [`from ${shown(least)}`]),
    ...(most === Infinity ? [] : [`${least === -Infinity ? "up " : ""}to ${shown(most)}`]),
  ];
  const trained = seen === undefined
    ? ""
    : seen === null
    ? " (the training saw none)"
    : ` (the training saw ${shown(seen.least)} to ${shown(seen.most)})`;
  return [kind, ...bounds].join(" ") + trained + (canBeAbsent ? ', or "none"' : "");
}

const shown = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });

function contradicting(sent: SentFeatures): InputProblem | undefined {
  const numbers = Object.fromEntries(
    Object.entries(sent).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  const found = contradiction(CUSTOMER_FEATURES, numbers);
  if (found === undefined) return undefined;
  return {
    code: "contradictory_features",
    problem: "The features contradict each other",
    expected: "values that one customer can have at the same time",
    found,
    remedy: "Correct them; /docs has the meaning and unit of each feature.",
  };
}
