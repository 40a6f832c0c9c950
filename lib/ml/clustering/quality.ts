import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "../vectors.ts";
import { type Points, squaredDistance } from "./k_means.ts";

/**
 * Mean silhouette (Rousseeuw 1987) of points in two or more clusters: (b − a) / max(a, b), where a is a point's mean
 * distance to the others of its cluster and b that to the nearest other cluster; 0 for a point alone in its cluster. From
 * −1 (in the wrong cluster) to 1. It takes time in proportion to the square of the points: draw a sample of many.
 *
 * @throws {InputError} when all points are in one cluster.
 */
export function silhouette({ rows, columns, values }: Points, labels: ArrayLike<number>): number {
  const sizes = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    sizes.set(valueAt(labels, row), (sizes.get(valueAt(labels, row)) ?? 0) + 1);
  }
  if (sizes.size < 2) {
    throw new InputError("A silhouette needs two clusters", {
      expected: "at least 2",
      found: String(sizes.size),
    });
  }
  const k = Math.max(...sizes.keys()) + 1;
  const sums = new Float64Array(k);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let other = 0; other < rows; other++) {
      sums[valueAt(labels, other)]! += Math.sqrt(
        squaredDistance(values, row * columns, values, other * columns, columns),
      );
    }
    const own = valueAt(labels, row), size = sizes.get(own)!;
    if (size === 1) continue;
    let nearest = Infinity;
    for (const [label, count] of sizes) if (label !== own) nearest = Math.min(nearest, sums[label]! / count);
    const within = sums[own]! / (size - 1);
    total += within === nearest ? 0 : (nearest - within) / Math.max(nearest, within);
  }
  return total / rows;
}

/**
 * Adjusted Rand index (Hubert and Arabie 1985) of two ways to group the same things: 1 when they are the same but for the
 * names of the groups, 0 on average by chance.
 */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0) {
    throw new InputError("Invalid labels to compare", {
      expected: "two lists of the same length",
      found: `${a.length} and ${b.length}`,
    });
  }
  const cells = new Map<string, number>(), inA = new Map<number, number>(), inB = new Map<number, number>();
  const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [valueAt(a, i), valueAt(b, i)];
    count(cells, `${x} ${y}`);
    count(inA, x);
    count(inB, y);
  }
  const pairs = (counts: Iterable<number>) => [...counts].reduce((sum, n) => sum + n * (n - 1) / 2, 0);
  const together = pairs(cells.values()), ofA = pairs(inA.values()), ofB = pairs(inB.values());
  const expected = ofA * ofB / pairs([a.length]), most = (ofA + ofB) / 2;
  // Both have a single group, or each thing by itself: the same way.
  return most === expected || a.length === 1 ? 1 : (together - expected) / (most - expected);
}

/** Of each cluster of `labels`, the greatest Jaccard similarity to a cluster of `others`: shared ÷ in either. */
export function clusterJaccards(labels: ArrayLike<number>, others: ArrayLike<number>, k: number): number[] {
  const m = Math.max(k, ...Array.from(others, (label) => label + 1));
  const shared = new Float64Array(k * m), own = new Float64Array(k), other = new Float64Array(m);
  for (let i = 0; i < labels.length; i++) {
    const [x, y] = [valueAt(labels, i), valueAt(others, i)];
    shared[x * m + y]!++;
    own[x]!++;
    other[y]!++;
  }
  return Array.from({ length: k }, (_, x) => {
    let best = 0;
    for (let y = 0; y < m; y++) {
      const both = shared[x * m + y]!;
      if (both > 0) best = Math.max(best, both / (own[x]! + other[y]! - both));
    }
    return best;
  });
}
