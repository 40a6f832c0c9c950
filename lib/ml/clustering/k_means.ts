import { InputError } from "shopflow/errors/mod.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { valueAt } from "../vectors.ts";

/** Points in space: `rows` × `columns` values, row after row. */
export interface Points {
  rows: number;
  columns: number;
  values: Float64Array;
}

/** Points from columns of equal length; every value must be finite. @throws {InputError} when they are not so. */
export function pointsOf(columns: readonly ArrayLike<number>[]): Points {
  const rows = columns[0]?.length ?? 0;
  const values = new Float64Array(rows * columns.length);
  for (const [place, column] of columns.entries()) {
    if (column.length !== rows) {
      throw new InputError("Invalid points", {
        expected: `columns of ${rows} values`,
        found: String(column.length),
      });
    }
    for (let row = 0; row < rows; row++) {
      const value = valueAt(column, row);
      if (!Number.isFinite(value)) {
        throw new InputError("Invalid points", {
          expected: "finite numbers; leave out or fill in what is missing first",
          found: `${value} in row ${row}, column ${place}`,
        });
      }
      values[row * columns.length + place] = value;
    }
  }
  return { rows, columns: columns.length, values };
}

/** The points with mean 0 and standard deviation 1 (of the population, n) in each column; a constant column becomes 0. */
export function standardise({ rows, columns, values }: Points): Points {
  const scaled = new Float64Array(values.length);
  for (let column = 0; column < columns; column++) {
    let sum = 0, squares = 0;
    for (let row = 0; row < rows; row++) sum += values[row * columns + column]!;
    const mean = sum / rows;
    for (let row = 0; row < rows; row++) squares += (values[row * columns + column]! - mean) ** 2;
    const sd = Math.sqrt(squares / rows);
    for (let row = 0; row < rows; row++) {
      const centred = values[row * columns + column]! - mean;
      scaled[row * columns + column] = sd > 1e-12 * Math.max(1, Math.abs(mean)) ? centred / sd : 0;
    }
  }
  return { rows, columns, values: scaled };
}

/** The rows of these numbers, in this order. */
export function selectRows({ columns, values }: Points, rows: ArrayLike<number>): Points {
  const chosen = new Float64Array(rows.length * columns);
  for (let place = 0; place < rows.length; place++) {
    const from = valueAt(rows, place) * columns;
    chosen.set(values.subarray(from, from + columns), place * columns);
  }
  return { rows: rows.length, columns, values: chosen };
}

/** Points in groups around centres. */
export interface Clustering {
  k: number;
  /** Cluster of each point, 0 to k − 1. */
  labels: Int32Array;
  /** k points; sorted by their first column, so that equal clusters have equal numbers. */
  centres: Points;
  /** Sum of the squared distances of all points to their centres. */
  inertia: number;
}

export interface KMeansOptions {
  seed?: number;
  /** Starts from other centres, of which the best result counts. Default 10. */
  restarts?: number;
  /** Rounds of one start at most. Default 300. */
  maxIterations?: number;
}

/**
 * k-means by Lloyd's rounds (1982) from centres that k-means++ draws (Arthur and Vassilvitskii 2007): each next one with a
 * probability in proportion to its squared distance to the nearest so far. The best of some restarts counts; the same
 * seed gives the same result. Distances are Euclidean, so columns should be of one scale ({@linkcode standardise}).
 *
 * @throws {InputError} when k is not from 1 to the number of different points.
 */
export function kMeans(points: Points, k: number, options: KMeansOptions = {}): Clustering {
  const { seed = 1, restarts = 10, maxIterations = 300 } = options;
  if (!Number.isInteger(k) || k < 1 || k > points.rows) {
    throw new InputError("Invalid number of clusters", {
      expected: `a whole number from 1 to ${points.rows}, the number of points`,
      found: String(k),
    });
  }
  let best: Clustering | undefined;
  for (let start = 0; start < restarts; start++) {
    const found = lloyd(
      points,
      drawCentres(points, k, createRandom(seed, `k-means ${k} ${start}`)),
      maxIterations,
    );
    if (best === undefined || found.inertia < best.inertia) best = found;
  }
  return sortedByCentre(best!);
}

function drawCentres({ rows, columns, values }: Points, k: number, random: Random): Points {
  const centres = new Float64Array(k * columns);
  const nearest = new Float64Array(rows).fill(Infinity);
  let chosen = Math.floor(random() * rows);
  for (let place = 0; place < k; place++) {
    centres.set(values.subarray(chosen * columns, (chosen + 1) * columns), place * columns);
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const distance = squaredDistance(values, row * columns, values, chosen * columns, columns);
      if (distance < nearest[row]!) nearest[row] = distance;
      total += nearest[row]!;
    }
    // Without different points left, the rest are copies; their clusters stay empty.
    let mark = random() * total;
    chosen = rows - 1;
    for (let row = 0; row < rows; row++) {
      mark -= nearest[row]!;
      if (mark < 0) {
        chosen = row;
        break;
      }
    }
  }
  return { rows: k, columns, values: centres };
}

function lloyd(points: Points, centres: Points, maxIterations: number): Clustering {
  const { rows, columns, values } = points;
  const k = centres.rows;
  const labels = new Int32Array(rows).fill(-1);
  const distances = new Float64Array(rows);
  let inertia = 0;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const changed = assignInto(points, centres, labels, distances);
    inertia = distances.reduce((sum, distance) => sum + distance, 0);
    if (!changed) break;
    const sums = new Float64Array(k * columns), counts = new Int32Array(k);
    for (let row = 0; row < rows; row++) {
      const label = labels[row]!;
      counts[label]!++;
      for (let column = 0; column < columns; column++) {
        sums[label * columns + column]! += values[row * columns + column]!;
      }
    }
    for (let label = 0; label < k; label++) {
      // A centre that lost all its points goes to the one that is worst off, which then is no longer.
      const moved = counts[label] === 0 ? farthest(distances) : undefined;
      if (moved !== undefined) distances[moved] = 0;
      for (let column = 0; column < columns; column++) {
        const place = label * columns + column;
        centres.values[place] = moved === undefined
          ? sums[place]! / counts[label]!
          : values[moved * columns + column]!;
      }
    }
  }
  return { k, labels, centres, inertia };
}

function farthest(distances: Float64Array): number {
  let place = 0;
  for (let row = 1; row < distances.length; row++) if (distances[row]! > distances[place]!) place = row;
  return place;
}

function assignInto(
  { rows, columns, values }: Points,
  centres: Points,
  labels: Int32Array,
  distances: Float64Array,
): boolean {
  let changed = false;
  for (let row = 0; row < rows; row++) {
    let nearest = 0, least = Infinity;
    for (let label = 0; label < centres.rows; label++) {
      const distance = squaredDistance(values, row * columns, centres.values, label * columns, columns);
      if (distance < least) [least, nearest] = [distance, label];
    }
    if (labels[row] !== nearest) changed = true;
    labels[row] = nearest;
    distances[row] = least;
  }
  return changed;
}

/** The nearest centre of each point, 0 to k − 1. */
export function nearestCentres(points: Points, centres: Points): Int32Array {
  const labels = new Int32Array(points.rows).fill(-1);
  assignInto(points, centres, labels, new Float64Array(points.rows));
  return labels;
}

export function squaredDistance(
  a: Float64Array,
  from: number,
  b: Float64Array,
  to: number,
  columns: number,
): number {
  let sum = 0;
  for (let column = 0; column < columns; column++) {
    const difference = a[from + column]! - b[to + column]!;
    sum += difference * difference;
  }
  return sum;
}

function sortedByCentre({ k, labels, centres, inertia }: Clustering): Clustering {
  const { columns, values } = centres;
  const order = Array.from({ length: k }, (_, label) => label).sort((a, b) => {
    for (let column = 0; column < columns; column++) {
      const difference = values[a * columns + column]! - values[b * columns + column]!;
      if (difference !== 0) return difference;
    }
    return 0;
  });
  const place = new Int32Array(k);
  for (const [now, before] of order.entries()) place[before] = now;
  return { k, inertia, centres: selectRows(centres, order), labels: labels.map((label) => place[label]!) };
}
