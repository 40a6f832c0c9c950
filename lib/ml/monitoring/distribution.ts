import { chiSquareQuantile } from "../statistics/mod.ts";
import { valueAt } from "../vectors.ts";

/** How the values of a feature, or of a score, were distributed when a model was trained. */
export interface Distribution {
  /** Values that were looked at. */
  rows: number;
  /** Lowest and highest known value; null where none is known. */
  range: [lowest: number, highest: number] | null;
  /** Ascending; bin k holds what is above edge k − 1 and up to edge k, the last one everything above the last edge. */
  edges: number[];
  /** Share of all rows in each bin: one more than edges. Together with `unknown` they sum to 1. */
  shares: number[];
  /** Share of rows whose value is not known. */
  unknown: number;
}

/** Bins of a distribution, as is usual for the population stability index: deciles. */
const BINS = 10;

/**
 * Cuts values at their deciles. Values that many rows share, such as zero orders, are one bin: there are fewer bins
 * where there are fewer values.
 *
 * @param values NaN marks a value that is not known.
 */
export function distributionOf(values: ArrayLike<number>): Distribution {
  const known = Float64Array.from(values).filter((value) => !Number.isNaN(value)).sort();
  const edges: number[] = [];
  for (let bin = 1; bin < BINS && known.length > 0; bin++) {
    const edge = valueAt(known, Math.min(known.length - 1, Math.floor(bin * known.length / BINS)));
    // Above the highest value nothing was seen.
    if (edge !== edges.at(-1) && edge < valueAt(known, known.length - 1)) edges.push(edge);
  }
  const [lowest] = known, highest = known.at(-1);
  const range: Distribution["range"] = lowest === undefined || highest === undefined
    ? null
    : [lowest, highest];
  const { shares, unknown } = sharesOf(values, { edges, range });
  return { rows: values.length, range, edges, shares, unknown };
}

/** Shares of all rows: within the range by bin, outside of it, not known. */
function sharesOf(
  values: ArrayLike<number>,
  { edges, range }: Pick<Distribution, "edges" | "range">,
): { shares: number[]; outside: number; unknown: number } {
  const counts = new Array<number>(edges.length + 1).fill(0);
  const [lowest, highest] = range ?? [Infinity, -Infinity];
  let unknown = 0, outside = 0;
  for (let row = 0; row < values.length; row++) {
    const value = valueAt(values, row);
    if (Number.isNaN(value)) unknown++;
    else if (value < lowest || value > highest) outside++;
    else {
      const above = edges.findIndex((edge) => value <= edge);
      counts[above < 0 ? edges.length : above]!++;
    }
  }
  const rows = Math.max(1, values.length);
  return { shares: counts.map((count) => count / rows), outside: outside / rows, unknown: unknown / rows };
}

/** How far values have moved from what a model was trained on. */
export interface Shift {
  /** Values that were looked at now. */
  rows: number;
  /** Population stability index, 0 where nothing moved. */
  psi: number;
  /** What the index is below in 95 of 100 samples of this size although nothing moved. */
  byChance: number;
  /** In words that are usual for the index. */
  verdict: "stable" | "moved" | "moved far" | "too few";
  /** Share of unknown values then and now. */
  unknown: [then: number, now: number];
}

/** What is usual: below 0.1 nothing to do, above 0.25 look for the cause (Siddiqi 2006, "Credit Risk Scorecards"). */
const MOVED = 0.1, MOVED_FAR = 0.25;
/** Fewer rows say nothing of ten bins. */
const FEWEST_ROWS = 50;

/**
 * The population stability index Σ (now − then) · ln(now / then) over the bins of a distribution; values that are not
 * known, and those beyond what was seen then, are bins of their own. Empty bins count as half a row, so that one value in a bin that was empty makes no infinite shift.
 *
 * Without any shift the index times 1 / (1/n + 1/m) is distributed as χ² with a degree of freedom less than there are
 * bins (Yurdakul 2018, "Statistical Properties of Population Stability Index"): small samples seem to move, so an
 * index that chance explains is called stable, however high it is.
 *
 * @param values The same feature or score now; NaN marks a value that is not known.
 */
export function shiftFrom(then: Distribution, values: ArrayLike<number>): Shift {
  const found = sharesOf(values, then);
  const pairs = [...then.shares.entries()].map(([bin, share]) => [share, found.shares[bin] ?? 0] as const);
  // A bin that was empty and is empty says nothing.
  const counted = [...pairs, [0, found.outside] as const, [then.unknown, found.unknown] as const]
    .filter(([before, after]) => before > 0 || after > 0);
  const atLeast = (share: number, rows: number) => share === 0 ? 0.5 / Math.max(1, rows) : share;
  const psi = counted.reduce((sum, [before, after]) => {
    const [a, b] = [atLeast(before, then.rows), atLeast(after, values.length)];
    return sum + (b - a) * Math.log(b / a);
  }, 0);
  const degrees = counted.length - 1;
  const byChance = (degrees === 0 ? 0 : chiSquareQuantile(0.95, degrees)) *
    (1 / Math.max(1, then.rows) + 1 / Math.max(1, values.length));
  const verdict = Math.min(then.rows, values.length) < FEWEST_ROWS
    ? "too few"
    : psi < MOVED || psi <= byChance
    ? "stable"
    : psi < MOVED_FAR
    ? "moved"
    : "moved far";
  return { rows: values.length, psi, byChance, verdict, unknown: [then.unknown, found.unknown] };
}
