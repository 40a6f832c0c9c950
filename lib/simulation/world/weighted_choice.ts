import type { Random } from "shopflow/runtime/mod.ts";

/** Running sums of weights, to draw from with {@link drawFrom}. */
export function runningSums(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) sums[i] = total += weights[i]!;
  return sums;
}

/** Draws a position between `from` and `to` (exclusive) with the chances whose running sums are given. */
export function drawFrom(sums: Float64Array, random: Random, from = 0, to = sums.length): number {
  const below = from === 0 ? 0 : sums[from - 1]!;
  return firstAbove(sums, below + random() * (sums[to - 1]! - below), from, to);
}

/** The first position from `from` whose value is above `value`; the last one when none is. */
export function firstAbove(sorted: Float64Array, value: number, from = 0, to = sorted.length): number {
  let low = from;
  let high = to - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
