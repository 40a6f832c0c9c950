/** Two trials row by row on the same test: how much they differ, and how sure that is. */
import { NORMAL_95 } from "../statistics/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";
import { aucDifference, meanDifference } from "../evaluation/comparison.ts";
import { auc } from "../evaluation/metrics.ts";
import { mean, valueAt } from "../vectors.ts";
import { areClasses, type Predictions } from "./predictions.ts";
import { trialPredictions } from "./store.ts";
import type { Trial } from "./trial.ts";

/** A metric of two trials on the same rows. */
export interface PairedMetric {
  name: string;
  one: number;
  other: number;
  /** The first less the other. */
  difference: number;
  /** Ends of the 95 % interval of the difference. */
  low: number;
  high: number;
}

/** How two trials differ on the rows that both predicted. */
export interface PairedComparison {
  /** On which rows, and whether the tests were the same, in words. */
  test: string;
  sameTest: boolean;
  /** Empty where there is nothing to compare, as `test` says. */
  metrics: PairedMetric[];
}

/**
 * Compares what two trials predicted, paired by row: rows that are hard for both cancel out, so that an interval is
 * much narrower than those of two separate metrics. AUCs are compared by DeLong et al. (1988), means row by row. Rows are
 * taken as independent of each other.
 *
 * @throws {LakeError} when predictions are lost or damaged.
 */
export async function compareTrials(store: ObjectStore, one: Trial, other: Trial): Promise<PairedComparison> {
  const without = [one, other].filter(({ predictions }) => predictions === undefined);
  if (without.length > 0) {
    return nothing(
      `${
        without.map(({ id }) => id).join(" and ")
      } logged no predictions, so it is not known whether the tests are ` +
        "the same or how sure a difference is. Log them: " +
        "experiment.log({ metrics, predictions: { ids, labels, scores } })",
    );
  }
  const [first, second] = await Promise.all([trialPredictions(store, one), trialPredictions(store, other)]);
  return comparePredictions(first!, second!, [one.id, other.id]);
}

const nothing = (test: string): PairedComparison => ({ test, sameTest: false, metrics: [] });

/** {@linkcode compareTrials} of predictions in memory. */
export function comparePredictions(
  one: Predictions,
  other: Predictions,
  [first, second]: readonly [string, string] = ["the first", "the other"],
): PairedComparison {
  const rows = new Map(other.ids.map((id, row) => [id, row]));
  const pairs = one.ids.flatMap((id, row) => {
    const found = rows.get(id);
    return found === undefined ? [] : [[row, found] as const];
  });
  const equal = pairs.filter(([a, b]) => one.labels[a] === other.labels[b]);
  const sameTest = equal.length === one.ids.length && equal.length === other.ids.length;
  const [alone, aloneOther] = [one.ids.length - pairs.length, other.ids.length - pairs.length];
  const differences = [
    ...alone > 0 ? [`${countOf(alone, "row")} only in ${first}`] : [],
    ...aloneOther > 0 ? [`${countOf(aloneOther, "row")} only in ${second}`] : [],
    ...pairs.length > equal.length
      ? [`${countOf(pairs.length - equal.length, "row")} with another outcome`]
      : [],
  ].join(", ");
  if (equal.length === 0) return nothing(`The tests differ, and share no row: ${differences}`);
  const test = sameTest
    ? `The same test: ${countOf(equal.length, "row")}`
    : `The tests differ (${differences}); compared on the ${countOf(equal.length, "row")} that both have`;
  const labels = Float64Array.from(equal, ([row]) => valueAt(one.labels, row));
  const scores = [
    Float64Array.from(equal, ([row]) => valueAt(one.scores, row)),
    Float64Array.from(equal, ([, row]) => valueAt(other.scores, row)),
  ] as const;
  if (!areClasses(labels)) return { test, sameTest, metrics: numberMetrics(labels, scores) };
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives < 2 || labels.length - positives < 2) {
    return {
      test: `${test}. Too few of one class for an interval: ${positives} of ${labels.length} are of class 1`,
      sameTest,
      metrics: [],
    };
  }
  return { test, sameTest, metrics: classMetrics(labels, scores) };
}

type Scores = readonly [Float64Array, Float64Array];

function classMetrics(labels: Float64Array, scores: Scores): PairedMetric[] {
  const classes = Uint8Array.from(labels);
  const [one, other] = scores;
  const { difference, standardError } = aucDifference(classes, one, other);
  const area = paired("AUC", [auc(classes, one), auc(classes, other)], { difference, standardError });
  // Scores that are no probabilities have an order only.
  if (!scores.every((values) => values.every((value) => value >= 0 && value <= 1))) return [area];
  const surprise = (probability: number, label: number) => {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, probability));
    return -Math.log(label === 1 ? p : 1 - p);
  };
  return [
    area,
    meanOf("log loss", labels, scores, surprise),
    meanOf("Brier score", labels, scores, (score, label) => (score - label) ** 2),
  ];
}

const numberMetrics = (labels: Float64Array, scores: Scores): PairedMetric[] => [
  meanOf("mean absolute error", labels, scores, (score, label) => Math.abs(score - label)),
  meanOf("mean squared error", labels, scores, (score, label) => (score - label) ** 2),
];

function meanOf(
  name: string,
  labels: Float64Array,
  scores: Scores,
  loss: (score: number, label: number) => number,
): PairedMetric {
  const losses = scores.map((values) => values.map((score, row) => loss(score, valueAt(labels, row))));
  const [one, other] = losses as unknown as Scores;
  return paired(name, [mean(one), mean(other)], meanDifference(one, other));
}

function paired(
  name: string,
  [one, other]: [number, number],
  { difference, standardError }: ReturnType<typeof meanDifference>,
): PairedMetric {
  const half = NORMAL_95 * standardError;
  return { name, one, other, difference, low: difference - half, high: difference + half };
}

/** An interval in words: which of the two is better, or that it is not known. */
export function differenceText(
  { name, difference, low, high }: PairedMetric,
  [first, second]: readonly [string, string],
): string {
  const digits = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
  const interval = `${digits(difference)}, 95 % interval ${digits(low)} to ${digits(high)}`;
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    return `${digits(difference)}: too few rows for an interval`;
  }
  if (low === 0 && high === 0) return `${interval}: both rank and score alike`;
  if (low <= 0 && high >= 0) return `${interval}: no difference is shown`;
  const higher = difference > 0 ? first : second;
  const lower = difference > 0 ? second : first;
  return `${interval}: ${name === "AUC" ? higher : lower} is better`;
}
