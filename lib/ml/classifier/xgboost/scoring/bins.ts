import { valueAt } from "../../../vectors.ts";
import type { FeatureMatrix } from "../../matrix.ts";
import type { TreeEnsemble } from "../trees.ts";

/**
 * The thresholds of one feature, and what finds a value's place among them. A value's bin is the number of thresholds
 * that are at most the value, so `value < thresholds[i]` says the same as `bin <= i`: comparing small whole numbers
 * decides every branch exactly as comparing the values would.
 */
export interface FeatureBins {
  feature: number;
  /** How many thresholds there are. */
  count: number;
  /** Distinct, ascending; then as many NaN, which no value reaches, as {@linkcode fillBins} looks beyond. */
  thresholds: Float32Array;
  /** The cell of a value is `(value - origin) * scale`, rounded, within 0 and {@linkcode GRID_CELLS} - 1. */
  origin: number;
  scale: number;
  /** The least bin of the values of each cell. */
  firstBin: Int32Array;
  /** Halvings that find a value's bin from its cell's first: the cell's values have at most 2 ** steps bins. */
  steps: number;
}

/** Enough that mostly a cell holds one threshold, and few enough that a feature's grid stays in the first cache. */
export const GRID_CELLS = 1024;

/** Adding it to a number below it leaves the number's whole part, rounded, in the low bits of the float. */
export const ROUNDING = 2 ** 23;

/** The bins of every feature that the trees split on. */
export function binsOf({ trees }: TreeEnsemble): FeatureBins[] {
  const byFeature = new Map<number, Set<number>>();
  for (const { feature, threshold } of trees) {
    for (const [node, split] of feature.entries()) {
      if (split < 0) continue;
      const known = byFeature.get(split) ?? new Set();
      byFeature.set(split, known.add(floatThreshold(valueAt(threshold, node))));
    }
  }
  return [...byFeature].sort(([a], [b]) => a - b)
    .map(([feature, thresholds]) => featureBins(feature, Float32Array.from(thresholds).sort()));
}

/**
 * The float that splits floats as `threshold` does: the least that is not below it. Minus infinity, below which there is
 * nothing, stands for NaN.
 */
export function floatThreshold(threshold: number): number {
  if (Number.isNaN(threshold)) return -Infinity;
  const nearest = Math.fround(threshold);
  // Adding 0 turns -0 into 0, from which no comparison tells it.
  return (nearest < threshold ? nextFloat(nearest) : nearest) + 0;
}

function nextFloat(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value + 0);
  const bits = view.getInt32(0);
  view.setInt32(0, value < 0 ? bits - 1 : bits + 1);
  return view.getFloat32(0);
}

function featureBins(feature: number, thresholds: Float32Array): FeatureBins {
  const least = valueAt(thresholds, 0), most = valueAt(thresholds, thresholds.length - 1);
  const scale = most > least ? Math.fround((GRID_CELLS - 1) / (most - least)) : 0;
  const firstBin = new Int32Array(GRID_CELLS);
  const held = new Int32Array(GRID_CELLS);
  for (const threshold of thresholds) held[cellOf(least, scale, threshold)]!++;
  let before = 0, fullest = 0;
  // Cells never fall as values rise, so the thresholds of lower cells are below every value of this one.
  for (const [cell, count] of held.entries()) {
    firstBin[cell] = before;
    before += count;
    fullest = Math.max(fullest, count);
  }
  const steps = Math.ceil(Math.log2(fullest + 1));
  const padded = new Float32Array(thresholds.length + 2 ** steps).fill(NaN);
  padded.set(thresholds);
  return { feature, count: thresholds.length, thresholds: padded, origin: least, scale, firstBin, steps };
}

/** In single precision, as the vector unit computes it. NaN, also that of infinity times 0, is in cell 0. */
function cellOf(origin: number, scale: number, value: number): number {
  const place = Math.fround(Math.fround(value - origin) * scale);
  const inside = place > 0 ? place < GRID_CELLS - 1 ? place : GRID_CELLS - 1 : 0;
  return Math.fround(inside + ROUNDING) - ROUNDING;
}

/** Bins of a block of rows, column by column, two columns a feature: see {@linkcode fillBins}. */
export type BinColumns = Uint8Array | Uint16Array;

/** Whether the bins of all features fit into a byte; the highest stands for unknown, too. */
export function fitsBytes(bins: readonly FeatureBins[]): boolean {
  return bins.every(({ count }) => count <= 0xff);
}

/** The columns of a block of rows, empty. */
export function binColumns(bins: readonly FeatureBins[], blockRows: number): BinColumns {
  const size = 2 * bins.length * blockRows;
  return fitsBytes(bins) ? new Uint8Array(size) : new Uint16Array(size);
}

/** Rows of a matrix, and how many rows a column of bins holds. */
export interface Block {
  first: number;
  count: number;
  blockRows: number;
}

/**
 * Fills columns with the bins of a block of rows. Each feature has two: in 2f an unknown value is below all thresholds, in
 * 2f + 1 it is above all. A node reads the one that sends unknown values its way.
 */
export function fillBins(
  columns: BinColumns,
  bins: readonly FeatureBins[],
  { values, names: { length: width } }: FeatureMatrix,
  { first, count, blockRows }: Block,
): void {
  const highest = columns instanceof Uint8Array ? 0xff : 0xffff;
  let at = 0;
  for (const { feature, thresholds, origin, scale, firstBin, steps } of bins) {
    let from = first * width + feature;
    const end = at + count;
    for (let to = at; to < end; to++, from += width) {
      const value = values[from]!;
      if (value !== value) {
        columns[to] = 0;
        columns[to + blockRows] = highest;
        continue;
      }
      let bin = firstBin[cellOf(origin, scale, value)]!;
      for (let half = 1 << steps >> 1; half > 0; half >>= 1) {
        if (thresholds[bin + half - 1]! <= value) bin += half;
      }
      columns[to] = bin;
      columns[to + blockRows] = bin;
    }
    at += 2 * blockRows;
  }
}
