import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";

/**
 * A mean log-likelihood as a function of the logarithms of its parameters.
 *
 * @param gradient Filled with the derivatives by the logarithms.
 */
export type MeanLogLikelihood = (logParameters: Float64Array, gradient: Float64Array) => number;

/** Where a search begins. */
export interface SearchStart {
  logParameters: Float64Array;
  /** Inverse of minus the Hessian there, as far as it is known. */
  inverse?: Float64Array[];
}

/** Where a likelihood is highest. */
export interface Maximum extends Required<SearchStart> {
  /** Mean log-likelihood there. */
  value: number;
  iterations: number;
  /** Parameters that ran to an end of their range: −1 towards 0, 1 towards infinity, else 0. */
  ranTo: number[];
}

/** At the maximum every derivative of the mean log-likelihood is below this. */
const GRADIENT = 1e-7;
/** Where rounding stops the search earlier, this is near enough. */
const NEARLY = 1e-5;
/** The rise that the quadratic model foretells where rounding hides it: as good as none. */
const NOTHING_TO_GAIN = 1e-9;
const MOST_ITERATIONS = 1000;
/** Length of a step in log parameters: beyond a factor of e² the quadratic model means nothing. */
const LONGEST_STEP = 2;
const LONGEST_BACKTRACK = 60;

/**
 * Maximises a likelihood by the method of Broyden, Fletcher, Goldfarb and Shanno (Nocedal and Wright 2006, "Numerical
 * Optimization", algorithm 6.1) in log parameters, with backtracking. A parameter that runs to an end of its range stays
 * there, and the others are fitted beside it.
 *
 * @param ranges Lowest and highest logarithm of each parameter.
 * @throws {TooLittleDataError} when it does not converge: the data do not tell the parameters.
 */
export function maximise(
  likelihood: MeanLogLikelihood,
  start: SearchStart,
  ranges: readonly (readonly [low: number, high: number])[],
): Maximum {
  const size = start.logParameters.length;
  const ranTo: number[] = Array(size).fill(0);
  let at: Float64Array = start.logParameters.slice();
  let gradient: Float64Array = new Float64Array(size);
  let value = likelihood(at, gradient);
  let inverse = start.inverse?.map((row) => row.slice()) ?? identity(size);
  const isFree = (i: number) => ranTo[i] === 0;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    // A parameter comes back from the end of its range when the likelihood rises inwards.
    for (let i = 0; i < size; i++) {
      if (!isFree(i) && valueAt(gradient, i) * valueAt(ranTo, i) < -NEARLY) ranTo[i] = 0;
    }
    const steepest = Math.max(0, ...gradient.map((g, i) => isFree(i) ? Math.abs(g) : 0));
    const found = () => ({ logParameters: at, inverse, value, iterations: iteration, ranTo });
    if (steepest < GRADIENT) return found();
    let direction = ascent(inverse, gradient, ranTo);
    if (dot(direction, gradient) <= 0) {
      inverse = identity(size);
      direction = ascent(inverse, gradient, ranTo);
    }
    const length = Math.hypot(...direction);
    if (length > LONGEST_STEP) direction = direction.map((d) => d * LONGEST_STEP / length);
    const moved = backtrack(likelihood, { at, value, gradient, direction, ranges });
    if (moved === undefined) {
      if (steepest < NEARLY || dot(direction, gradient) < NOTHING_TO_GAIN) return found();
      if (isIdentity(inverse)) break;
      inverse = identity(size);
      continue;
    }
    for (const [i, [low, high]] of ranges.entries()) {
      const there = valueAt(moved.at, i);
      if (isFree(i) && (there <= low || there >= high)) {
        ranTo[i] = there <= low ? -1 : 1;
        inverse = identity(size);
      }
    }
    update(inverse, moved.at.map((to, i) => to - valueAt(at, i)), gradient, moved.gradient);
    ({ at, value, gradient } = moved);
  }
  throw new TooLittleDataError("The likelihood has no maximum that could be found", {
    expected: `derivatives below ${NEARLY} within ${MOST_ITERATIONS} steps`,
    found: `log parameters ${[...at].map((v) => v.toFixed(3)).join(", ")} with derivatives ${
      [...gradient].map((g) => g.toExponential(1)).join(", ")
    }`,
    remedy:
      "Check the data for values of another kind, e.g. mixed units or currencies, and for customers that are none.",
  });
}

interface SearchFrom {
  at: Float64Array;
  value: number;
  gradient: Float64Array;
  direction: Float64Array;
  ranges: readonly (readonly [number, number])[];
}

/** The first point along the direction whose likelihood is enough higher; undefined where there is none. */
function backtrack(
  likelihood: MeanLogLikelihood,
  { at, value, gradient, direction, ranges }: SearchFrom,
): { at: Float64Array; value: number; gradient: Float64Array } | undefined {
  const slope = dot(direction, gradient);
  // Parameters that are fixed have no part in the direction.
  const slopeOf = (gradient: Float64Array) =>
    Math.hypot(...gradient.map((g, i) => direction[i] === 0 ? 0 : g));
  for (let halving = 0, step = 1; halving < LONGEST_BACKTRACK; halving++, step /= 2) {
    const to = at.map((from, i) => {
      const [low, high] = valueAt(ranges, i);
      return Math.min(high, Math.max(low, from + step * valueAt(direction, i)));
    });
    const there = new Float64Array(at.length);
    const reached = likelihood(to, there);
    if (reached >= value + 1e-4 * step * slope && reached > value) {
      return { at: to, value: reached, gradient: there };
    }
    // Within rounding the values are equal: then flatter is better.
    const isEqual = Math.abs(reached - value) <= 1e-11 * Math.max(1, Math.abs(value));
    if (isEqual && slopeOf(there) < slopeOf(gradient) / 2) {
      return { at: to, value: reached, gradient: there };
    }
  }
}

const identity = (size: number): Float64Array[] =>
  Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => Number(i === j)));

const isIdentity = (matrix: readonly Float64Array[]): boolean =>
  matrix.every((row, i) => row.every((cell, j) => cell === Number(i === j)));

const dot = (one: ArrayLike<number>, other: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += valueAt(one, i) * valueAt(other, i);
  return sum;
};

/** The inverse Hessian times the gradient, among the parameters that are not at an end of their range. */
function ascent(inverse: readonly Float64Array[], gradient: Float64Array, ranTo: number[]): Float64Array {
  const free = gradient.map((g, i) => ranTo[i] === 0 ? g : 0);
  return Float64Array.from(inverse, (row, i) => ranTo[i] === 0 ? dot(row, free) : 0);
}

/** The update of BFGS, for the inverse of the negative Hessian. */
function update(
  inverse: Float64Array[],
  step: Float64Array,
  before: Float64Array,
  after: Float64Array,
): void {
  const change = before.map((g, i) => g - valueAt(after, i));
  const curvature = dot(step, change);
  if (curvature <= 1e-12) return;
  const product = Float64Array.from(inverse, (row) => dot(row, change));
  const scale = 1 + dot(change, product) / curvature;
  for (const [i, row] of inverse.entries()) {
    for (let j = 0; j < row.length; j++) {
      const [si, sj] = [valueAt(step, i), valueAt(step, j)];
      row[j]! += (scale * si * sj - valueAt(product, i) * sj - si * valueAt(product, j)) / curvature;
    }
  }
}

/** How well the data tell the parameters, from the curvature of the likelihood at its maximum. */
export interface Uncertainty {
  /** Covariance of the estimated log parameters. */
  covariance: number[][];
  /** Standard error of each log parameter; Infinity where the data do not tell it. */
  standardErrors: number[];
}

/** A log parameter with a larger standard error is not known within a factor of twenty either way. */
const LARGEST_ERROR = 1.5;
/** Step of the numerical derivative of the gradient. */
const STEP = 1e-4;

/**
 * The inverse of the observed information: of minus the Hessian of the log-likelihood of all customers, by central
 * differences of the analytic gradient. A direction in which the likelihood is flat has no variance in the covariance,
 * since no prediction depends on it; parameters along it have an infinite standard error.
 *
 * @param customers What the mean log-likelihood is the mean of.
 */
export function observedInformation(
  likelihood: MeanLogLikelihood,
  { logParameters, ranTo }: Pick<Maximum, "logParameters" | "ranTo">,
  customers: number,
): Uncertainty {
  const size = logParameters.length;
  const free = [...logParameters.keys()].filter((i) => ranTo[i] === 0);
  const information = free.map((i) => {
    const gradientAt = (by: number) => {
      const gradient = new Float64Array(size);
      likelihood(logParameters.map((at, j) => i === j ? at + by : at), gradient);
      return gradient;
    };
    const [above, below] = [gradientAt(STEP), gradientAt(-STEP)];
    return free.map((j) => -customers * (valueAt(above, j) - valueAt(below, j)) / (2 * STEP));
  });
  const symmetric = information.map((row, i) =>
    row.map((cell, j) => (cell + valueAt(valueAt(information, j), i)) / 2)
  );
  const { values, vectors } = eigen(symmetric);
  const covariance = logParameters.reduce<number[][]>((rows) => [...rows, Array(size).fill(0)], []);
  const standardErrors: number[] = Array(size).fill(Infinity);
  const flat = free.map(() => false);
  for (const [k, value] of values.entries()) {
    const vector = valueAt(vectors, k);
    if (value <= 1 / LARGEST_ERROR ** 2) {
      for (const [i, part] of vector.entries()) if (Math.abs(part) > 0.1) flat[i] = true;
    }
    if (value <= 1e-6) continue;
    for (const [i, row] of free.entries()) {
      for (const [j, column] of free.entries()) {
        covariance[row]![column]! += valueAt(vector, i) * valueAt(vector, j) / value;
      }
    }
  }
  for (const [i, row] of free.entries()) {
    const error = Math.sqrt(valueAt(valueAt(covariance, row), row));
    if (!flat[i] && error <= LARGEST_ERROR) standardErrors[row] = error;
  }
  return { covariance, standardErrors };
}

/** Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations. */
function eigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const a = matrix.map((row) => Float64Array.from(row));
  const vectors = identity(matrix.length);
  const cell = (rows: Float64Array[], i: number, j: number) => valueAt(valueAt(rows, i), j);
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < a.length; p++) {
      for (let q = p + 1; q < a.length; q++) {
        if (cell(a, p, q) === 0) continue;
        const theta = (cell(a, q, q) - cell(a, p, p)) / (2 * cell(a, p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1), s = t * c;
        for (const row of a) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
        for (let k = 0; k < a.length; k++) {
          const [x, y] = [cell(a, p, k), cell(a, q, k)];
          [a[p]![k], a[q]![k]] = [c * x - s * y, s * x + c * y];
          const [v, w] = [cell(vectors, p, k), cell(vectors, q, k)];
          [vectors[p]![k], vectors[q]![k]] = [c * v - s * w, s * v + c * w];
        }
      }
    }
  }
  return { values: a.map((row, i) => valueAt(row, i)), vectors: vectors.map((vector) => [...vector]) };
}
