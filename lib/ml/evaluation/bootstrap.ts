import { valueAt } from "../vectors.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";

/** An estimate with its interval. */
export interface Interval {
  value: number;
  lower: number;
  upper: number;
}

/** How a bootstrap is drawn. */
export interface BootstrapOptions {
  /** Samples that are drawn; default 200, with which the ends of a 95 % interval vary by a tenth of its width. */
  samples?: number;
  /** Share of the samples within the interval; default 0.95. */
  level?: number;
  seed?: number;
}

/**
 * Percentile intervals of statistics by the bootstrap of clusters: whole groups (customers, with all their rows and
 * dates) are drawn with replacement, since the rows of one customer are alike (Efron and Tibshirani 1993, An Introduction
 * to the Bootstrap, chapters 8 and 13; Field and Welsh 2007, J. R. Statist. Soc. B 69: 369–390).
 * Intervals are shifted by the bootstrap's estimate of the bias (chapter 10): distances such as a calibration error come
 * out larger in every sample.
 *
 * @param groups The group of each row.
 * @param statistics Computed from how often each row was drawn; `undefined` weights mean every row once. A value that is
 *   not a number in a sample is left out of that statistic's interval.
 * @returns Each statistic of all rows with its interval; ends are NaN where fewer than half of the samples have a value.
 * @throws {ModelError} when there are no groups.
 */
export function bootstrapIntervals<Name extends string>(
  groups: readonly string[],
  statistics: (weights?: Uint16Array) => Record<Name, number>,
  { samples = 200, level = 0.95, seed = 1 }: BootstrapOptions = {},
): Record<Name, Interval> {
  if (groups.length === 0) throw new ModelError("A bootstrap needs at least one row", { found: "none" });
  const numberOf = new Map<string, number>();
  for (const group of groups) if (!numberOf.has(group)) numberOf.set(group, numberOf.size);
  const groupOfRow = Uint32Array.from(groups, (group) => numberOf.get(group) ?? 0);
  const random = createRandom(seed, "bootstrap");
  const all = statistics();
  const names = Object.keys(all) as Name[];
  const drawn = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const times = new Uint16Array(numberOf.size);
  const weights = new Uint16Array(groups.length);
  for (let sample = 0; sample < samples; sample++) {
    times.fill(0);
    for (let i = 0; i < numberOf.size; i++) times[Math.floor(random() * numberOf.size)]!++;
    for (const [row, group] of groupOfRow.entries()) weights[row] = valueAt(times, group);
    const values = ifEnough(() => statistics(weights));
    if (values === undefined) continue;
    for (const name of names) if (!Number.isNaN(values[name])) drawn[name].push(values[name]);
  }
  return Object.fromEntries(names.map((name) => {
    const sorted = Float64Array.from(drawn[name]).sort();
    const bias = sorted.reduce((sum, value) => sum + value, 0) / sorted.length - all[name];
    const least = (sorted[0] ?? 0) < 0 ? -Infinity : 0;
    const end = (share: number) =>
      sorted.length === 0 || sorted.length * 2 < samples
        ? NaN
        : Math.max(least, quantile(sorted, share) - bias);
    return [name, { value: all[name], lower: end((1 - level) / 2), upper: end((1 + level) / 2) }];
  })) as Record<Name, Interval>;
}

/** A sample may hold one class only: it says nothing, and the interval is of the others. */
function ifEnough<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof TooLittleDataError) return undefined;
    throw error;
  }
}

/** The value at a share of sorted values, interpolated between neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(sorted.length - 1, low + 1);
  return valueAt(sorted, low) + (place - low) * (valueAt(sorted, high) - valueAt(sorted, low));
}
