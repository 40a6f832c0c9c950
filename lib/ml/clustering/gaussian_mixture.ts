import { kMeans, type KMeansOptions, type Points } from "./k_means.ts";

/** A mixture of normal distributions, each with a mean and covariances of its own. */
export interface GaussianMixture {
  k: number;
  /** Component of which each point most likely is, 0 to k − 1. */
  labels: Int32Array;
  /** Share of each component. */
  weights: Float64Array;
  means: Points;
  /** Of the whole sample. */
  logLikelihood: number;
  /** Bayesian information criterion (Schwarz 1978), −2 log L + parameters × log n: lower is better. */
  bic: number;
  /** Whether the rounds ended because nothing changed any more. */
  converged: boolean;
}

/** Added to variances, so that no component shrinks to a point. */
const REGULARISATION = 1e-6;

/**
 * Fits a mixture of normals by expectation and maximisation (Dempster, Laird and Rubin 1977), from the clusters of
 * {@linkcode kMeans}, until the mean log-likelihood of a point rises by less than 1e-4 (more rounds where `leastGain` is
 * smaller).
 *
 * @throws {InputError} when k is not from 1 to the number of points.
 */
export function gaussianMixture(
  points: Points,
  k: number,
  { leastGain = 1e-4, maxIterations = 500, ...options }: KMeansOptions & { leastGain?: number } = {},
): GaussianMixture {
  const { rows, columns } = points;
  const { labels } = kMeans(points, k, options);
  const shares = new Float64Array(rows * k);
  for (let row = 0; row < rows; row++) shares[row * k + labels[row]!] = 1;
  let components = maximise(points, shares, k);
  let mean = -Infinity, converged = false;
  for (let iteration = 0; iteration < maxIterations && !converged; iteration++) {
    const next = expect(points, components, shares) / rows;
    converged = Math.abs(next - mean) < leastGain;
    mean = next;
    if (!converged) components = maximise(points, shares, k);
  }
  const logLikelihood = expect(points, components, shares);
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let j = 1; j < k; j++) if (shares[row * k + j]! > shares[row * k + best]!) best = j;
    labels[row] = best;
  }
  const parameters = k * (columns + columns * (columns + 1) / 2) + k - 1;
  return {
    k,
    labels,
    weights: Float64Array.from(components, ({ weight }) => weight),
    means: { rows: k, columns, values: Float64Array.from(components.flatMap(({ mean }) => [...mean])) },
    logLikelihood,
    bic: -2 * logLikelihood + parameters * Math.log(rows),
    converged,
  };
}

interface Component {
  weight: number;
  mean: Float64Array;
  /** Lower triangle L of the covariances, L Lᵀ. */
  factor: Float64Array;
}

function maximise({ rows, columns, values }: Points, shares: Float64Array, k: number): Component[] {
  return Array.from({ length: k }, (_, j) => {
    let total = 10 * Number.EPSILON;
    for (let row = 0; row < rows; row++) total += shares[row * k + j]!;
    const mean = new Float64Array(columns), covariances = new Float64Array(columns * columns);
    for (let row = 0; row < rows; row++) {
      const share = shares[row * k + j]!;
      for (let a = 0; a < columns; a++) mean[a]! += share * values[row * columns + a]! / total;
    }
    for (let row = 0; row < rows; row++) {
      const share = shares[row * k + j]!;
      if (share === 0) continue;
      for (let a = 0; a < columns; a++) {
        const centred = share * (values[row * columns + a]! - mean[a]!) / total;
        for (let b = 0; b <= a; b++) {
          covariances[a * columns + b]! += centred * (values[row * columns + b]! - mean[b]!);
        }
      }
    }
    for (let a = 0; a < columns; a++) covariances[a * columns + a]! += REGULARISATION;
    return { weight: total / rows, mean, factor: cholesky(covariances, columns) };
  });
}

/** Writes the probabilities of each component for each point into `shares`; the log-likelihood of all points. */
function expect({ rows, columns, values }: Points, components: Component[], shares: Float64Array): number {
  const k = components.length, logs = new Float64Array(k), solved = new Float64Array(columns);
  const constants = components.map(({ weight, factor }) => {
    let determinant = 0;
    for (let a = 0; a < columns; a++) determinant += Math.log(factor[a * columns + a]!);
    return Math.log(weight) - determinant - columns / 2 * Math.log(2 * Math.PI);
  });
  let logLikelihood = 0;
  for (let row = 0; row < rows; row++) {
    let most = -Infinity;
    for (const [j, { mean, factor }] of components.entries()) {
      let distance = 0;
      for (let a = 0; a < columns; a++) {
        let rest = values[row * columns + a]! - mean[a]!;
        for (let b = 0; b < a; b++) rest -= factor[a * columns + b]! * solved[b]!;
        solved[a] = rest / factor[a * columns + a]!;
        distance += solved[a]! * solved[a]!;
      }
      logs[j] = constants[j]! - distance / 2;
      most = Math.max(most, logs[j]!);
    }
    let sum = 0;
    for (let j = 0; j < k; j++) sum += Math.exp(logs[j]! - most);
    const log = most + Math.log(sum);
    for (let j = 0; j < k; j++) shares[row * k + j] = Math.exp(logs[j]! - log);
    logLikelihood += log;
  }
  return logLikelihood;
}

function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let rest = matrix[a * size + b]!;
      for (let c = 0; c < b; c++) rest -= factor[a * size + c]! * factor[b * size + c]!;
      factor[a * size + b] = a === b
        ? Math.sqrt(Math.max(rest, REGULARISATION))
        : rest / factor[b * size + b]!;
    }
  }
  return factor;
}
