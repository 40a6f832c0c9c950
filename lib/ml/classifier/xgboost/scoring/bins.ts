import { valueAt } from "../../../vectors.ts";
import type { FeatureMatrix } from "../../matrix.ts";
import type { TreeEnsemble } from "../trees.ts";

/**
 * The thresholds of one feature, distinct and ascending. A value's bin is the number of thresholds that are at most the
 * value, so `value < thresholds[i]` says the same as `bin <= i`: comparing small whole numbers decides every branch exactly
 * as comparing the values would.
 */
export interface FeatureBins {
  feature: number;
  thresholds: Float32Array;
  /** Finds the bins of numbers in double precision; made when it is first needed. */
  readonly grid: Grid;
}

/**
 * Equal cells from the lowest threshold to the highest, for finding a value's bin: the cell says where to begin, and a
 * search in a few steps ends it. It is exact whatever the cells are, as long as no cell is before that of a lower value.
 */
export interface Grid {
  /** The cell of a value is `(value - origin) * scale`, as a whole number from 0 to {@linkcode GRID_CELLS} - 1. */
  origin: number;
  scale: number;
  /** The least bin of each cell's values. */
  firstBin: Int32Array;
  /** Of the search: 2 ** steps is more than the thresholds of any cell. */
  steps: number;
  /** Followed by as many NaN, which no value reaches, as the search looks beyond the last. */
  thresholds: Float32Array;
}

/** Enough that mostly a cell holds one threshold, and few enough that a feature's cells stay in the first cache. */
export const GRID_CELLS = 1024;

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
  let grid: Grid | undefined;
  return {
    feature,
    thresholds,
    get grid() {
      return grid ??= createGrid(thresholds, cellOf);
    },
  };
}

/** @param cell The cell of a value; the same for equal values, and never less for higher ones. */
export function createGrid(
  thresholds: Float32Array,
  cell: (origin: number, scale: number, value: number) => number,
): Grid {
  const least = valueAt(thresholds, 0), most = valueAt(thresholds, thresholds.length - 1);
  const scale = most > least ? (GRID_CELLS - 1) / (most - least) : 0;
  const held = new Int32Array(GRID_CELLS);
  for (const threshold of thresholds) held[cell(least, scale, threshold)]!++;
  const firstBin = new Int32Array(GRID_CELLS);
  let before = 0, fullest = 0;
  for (let cell = 0; cell < GRID_CELLS; cell++) {
    const count = held[cell]!;
    firstBin[cell] = before;
    before += count;
    if (count > fullest) fullest = count;
  }
  const steps = Math.ceil(Math.log2(fullest + 1));
  const padded = new Float32Array(thresholds.length + 2 ** steps).fill(NaN);
  padded.set(thresholds);
  return { origin: least, scale, firstBin, steps, thresholds: padded };
}

function cellOf(origin: number, scale: number, value: number): number {
  const place = (value - origin) * scale;
  // NaN, that of infinity times 0, is in cell 0.
  return (place > 0 ? place < GRID_CELLS - 1 ? place : GRID_CELLS - 1 : 0) | 0;
}

/** Bins of a block of rows, column by column, two columns a feature: see {@linkcode fillBins}. */
export type BinColumns = Uint8Array | Uint16Array;

/** Whether the bins of all features, and of unknown values, fit into 16 bits. */
export function canBeBinned(bins: readonly FeatureBins[]): boolean {
  return bins.every(({ thresholds }) => thresholds.length <= 0xffff);
}

/** Whether the bins of all features, and of unknown values, fit into a byte. */
export function fitsBytes(bins: readonly FeatureBins[]): boolean {
  return bins.every(({ thresholds }) => thresholds.length <= 0xff);
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
  /** Stands for an unknown value above all thresholds; at least the highest bin. */
  highest: number;
}

/**
 * Fills columns with the bins of a block of rows. Each feature has two: in 2f an unknown value is below all thresholds, in
 * 2f + 1 it is above all. A node reads the one that sends unknown values its way.
 */
export function fillBins(
  columns: BinColumns,
  bins: readonly FeatureBins[],
  { values, names: { length: width } }: FeatureMatrix,
  { first, count, blockRows, highest }: Block,
): void {
  let at = 0;
  for (const { feature, grid: { origin, scale, firstBin, steps, thresholds } } of bins) {
    const firstStep = 1 << steps >> 1;
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
      // One step is by far the most frequent, and half as fast in a loop.
      if (firstStep === 1) {
        if (thresholds[bin]! <= value) bin++;
      } else {
        for (let step = firstStep; step > 0; step >>= 1) {
          if (thresholds[bin + step - 1]! <= value) bin += step;
        }
      }
      columns[to] = bin;
      columns[to + blockRows] = bin;
    }
    at += 2 * blockRows;
  }
}
