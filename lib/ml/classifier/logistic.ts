import { valueAt } from "../vectors.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import {
  checkFeatureNames,
  checkTrainingData,
  type Classifier,
  type ClassifierTrainer,
  type FeatureMatrix,
  matrixRow,
  readModelJson,
  writeModelJson,
} from "./matrix.ts";
import { sigmoid } from "./xgboost/trees.ts";

const FILE = "logistic.json";
const FORMAT = "shopflow-logistic-1";
/** Newton's method takes under twenty steps with a penalty. */
const STEPS = 100;
/** A column that leans to the right by more than this is taken in logarithms: amounts and counts do. */
const SKEWED = 1;

/** How a column becomes a term of the sum. */
interface Term {
  feature: string;
  /** `missing` is 1 where the value is unknown, else 0; `log` is ln(1 + value). */
  kind: "value" | "log" | "missing";
  mean: number;
  /** Standard deviation in training. */
  scale: number;
  /** Log-odds a standard deviation. */
  weight: number;
}

interface SavedLogistic {
  format: typeof FORMAT;
  featureNames: string[];
  intercept: number;
  terms: Term[];
}

export interface LogisticOptions {
  /** L2 penalty on the weights of standardised terms, in rows: λ/2 Σ w². Default 1, as scikit-learn's C = 1. */
  lambda?: number;
}

/**
 * Logistic regression with an L2 penalty by Newton's method (iteratively reweighted least squares: Hastie, Tibshirani and
 * Friedman 2009, The Elements of Statistical Learning, sections 4.4.1 and 3.4.1). Columns are standardised; those that are
 * not negative and lean far to the right are taken as ln(1 + value); an unknown value counts as the mean, with a term of
 * its own for being unknown. Columns that are the same in every row have no term. The intercept is not penalised.
 */
export function logisticTrainer({ lambda = 1 }: LogisticOptions = {}): ClassifierTrainer {
  if (!(lambda > 0)) {
    throw new ModelError("The penalty of a logistic regression is out of range", {
      expected: "a lambda above 0",
      found: String(lambda),
    });
  }
  return {
    name: "logistic regression",
    // deno-lint-ignore require-await
    async fit(features, labels) {
      checkTrainingData(features, labels);
      const terms = termsOf(features);
      const table = termTable(features, terms);
      const { intercept, weights } = penalisedFit(table, terms.length, labels, lambda);
      return classifier({
        format: FORMAT,
        featureNames: [...features.names],
        intercept,
        terms: terms.map((term, j) => ({ ...term, weight: valueAt(weights, j) })),
      });
    },
    load: (files) => classifier(readModelJson<SavedLogistic>(files, FILE, FORMAT)),
  };
}

function classifier(saved: SavedLogistic): Classifier {
  return {
    featureNames: saved.featureNames,
    predict(features) {
      checkFeatureNames(saved.featureNames, features.names);
      const { terms, intercept } = saved;
      const table = termTable(features, terms);
      return Float64Array.from({ length: features.rows }, (_, row) => {
        let sum = intercept;
        for (const [j, { weight }] of terms.entries()) sum += weight * valueAt(table, row * terms.length + j);
        return sigmoid(sum);
      });
    },
    save: () => ({ [FILE]: writeModelJson(saved) }),
  };
}

function termsOf(features: FeatureMatrix): Term[] {
  return features.names.flatMap((feature, j) => {
    const column = Float64Array.from(
      { length: features.rows },
      (_, row) => valueAt(matrixRow(features, row), j),
    );
    const known = column.filter((value) => !Number.isNaN(value));
    const plain = moments(known);
    const isLog = plain.least >= 0 && plain.skewness > SKEWED;
    const { mean, scale } = isLog ? moments(known.map(Math.log1p)) : plain;
    const missing = moments(column.map((value) => Number.isNaN(value) ? 1 : 0));
    return [
      { feature, kind: isLog ? "log" as const : "value" as const, mean, scale, weight: 0 },
      { feature, kind: "missing" as const, mean: missing.mean, scale: missing.scale, weight: 0 },
    ].filter(({ scale }) => scale > 0);
  });
}

function moments(values: Float64Array): { mean: number; scale: number; skewness: number; least: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const power = (n: number) =>
    values.reduce((sum, value) => sum + (value - mean) ** n, 0) / Math.max(1, values.length);
  const scale = Math.sqrt(power(2));
  // Rounding leaves a trace of a deviation where all values are equal.
  const varies = scale > 1e-9 * Math.max(1, Math.abs(mean));
  return {
    mean,
    scale: varies ? scale : 0,
    skewness: varies ? power(3) / scale ** 3 : 0,
    least: values.reduce((a, b) => Math.min(a, b), Infinity),
  };
}

/** Standardised terms, rows × terms, row by row. */
function termTable(features: FeatureMatrix, terms: readonly Term[]): Float64Array {
  const table = new Float64Array(features.rows * terms.length);
  const columns = terms.map(({ feature }) => features.names.indexOf(feature));
  for (let row = 0; row < features.rows; row++) {
    const values = matrixRow(features, row);
    for (const [j, { kind, mean, scale }] of terms.entries()) {
      const value = valueAt(values, valueAt(columns, j));
      const unknown = Number.isNaN(value);
      // An unknown value is the mean, so 0; beyond what training saw, a negative value has no logarithm.
      table[row * terms.length + j] = kind === "missing"
        ? ((unknown ? 1 : 0) - mean) / scale
        : unknown
        ? 0
        : ((kind === "log" ? Math.log1p(Math.max(0, value)) : value) - mean) / scale;
    }
  }
  return table;
}

function penalisedFit(
  table: Float64Array,
  width: number,
  labels: Uint8Array,
  lambda: number,
): { intercept: number; weights: Float64Array } {
  const size = width + 1;
  const share = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  // The intercept is last.
  let beta = new Float64Array(size);
  beta[width] = Math.log(share / (1 - share));
  let loss = penalisedLoss(table, width, labels, beta, lambda);
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    const x = new Float64Array(size);
    x[width] = 1;
    for (const [row, label] of labels.entries()) {
      // Checked reads cost several times the sums themselves.
      for (let j = 0; j < width; j++) x[j] = table[row * width + j]!;
      const p = sigmoid(dot(beta, x));
      const weight = p * (1 - p);
      for (let j = 0; j < size; j++) {
        const xj = x[j]!;
        if (xj === 0) continue;
        gradient[j]! += (label - p) * xj;
        const scaled = weight * xj;
        for (let k = 0; k <= j; k++) hessian[j * size + k]! += scaled * x[k]!;
      }
    }
    for (let j = 0; j < width; j++) {
      gradient[j]! -= lambda * valueAt(beta, j);
      hessian[j * size + j]! += lambda;
    }
    const move = solve(hessian, gradient, size);
    let factor = 1;
    let next = beta;
    let nextLoss = loss;
    // A full step may overshoot: halve it until it helps.
    do {
      next = beta.map((value, j) => value + factor * valueAt(move, j));
      nextLoss = penalisedLoss(table, width, labels, next, lambda);
      factor /= 2;
    } while (nextLoss > loss && factor > 1e-6);
    const gained = loss - nextLoss;
    if (gained > 0) [beta, loss] = [next, nextLoss];
    if (!(gained > 1e-9 * Math.max(1, Math.abs(loss)))) break;
  }
  return { intercept: valueAt(beta, width), weights: beta.subarray(0, width) };
}

function penalisedLoss(
  table: Float64Array,
  width: number,
  labels: Uint8Array,
  beta: Float64Array,
  lambda: number,
): number {
  let loss = 0;
  for (const [row, label] of labels.entries()) {
    let sum = valueAt(beta, width);
    for (let j = 0; j < width; j++) sum += beta[j]! * table[row * width + j]!;
    // ln(1 + e^s) without overflow.
    loss += Math.max(0, sum) + Math.log1p(Math.exp(-Math.abs(sum))) - label * sum;
  }
  for (let j = 0; j < width; j++) loss += lambda / 2 * valueAt(beta, j) ** 2;
  return loss;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

/** Solves a symmetric positive definite system of which the lower half is given, by Cholesky's method in place. */
function solve(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = valueAt(matrix, j * size + k);
      for (let m = 0; m < k; m++) sum -= valueAt(matrix, j * size + m) * valueAt(matrix, k * size + m);
      // The intercept has no penalty: keep its pivot away from 0.
      matrix[j * size + k] = j === k ? Math.sqrt(Math.max(sum, 1e-9)) : sum / valueAt(matrix, k * size + k);
    }
  }
  const solution = Float64Array.from(right);
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < j; k++) solution[j]! -= valueAt(matrix, j * size + k) * valueAt(solution, k);
    solution[j]! /= valueAt(matrix, j * size + j);
  }
  for (let j = size - 1; j >= 0; j--) {
    for (let k = j + 1; k < size; k++) solution[j]! -= valueAt(matrix, k * size + j) * valueAt(solution, k);
    solution[j]! /= valueAt(matrix, j * size + j);
  }
  return solution;
}
