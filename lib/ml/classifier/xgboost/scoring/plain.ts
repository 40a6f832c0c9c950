import type { FeatureMatrix } from "../../matrix.ts";
import { binOf } from "./bins.ts";
import type { CompleteTree, CompleteTrees } from "./complete_trees.ts";

/** Rows at a time: their bins and sums stay in the first cache. Blocks of 1,024 take 40 % longer. */
export const BLOCK_ROWS = 256;

/** Bins of a block of rows, column by column, see {@linkcode CompleteTree.column}. */
export type BinColumns = Uint8Array | Uint16Array;

/** Whether the bins of all features, and the mark of an unknown value above them, fit into a byte. */
export function fitsBytes({ bins }: Pick<CompleteTrees, "bins">): boolean {
  return bins.every(({ thresholds }) => thresholds.length <= 255);
}

/** The columns of a block, empty. */
export function binColumns(trees: Pick<CompleteTrees, "bins">, rows: number): BinColumns {
  const size = 2 * trees.bins.length * rows;
  return fitsBytes(trees) ? new Uint8Array(size) : new Uint16Array(size);
}

/** Fills the columns with the bins of `count` rows from `first` on; a column holds `blockRows`. */
export function fillBins(
  columns: BinColumns,
  { bins }: Pick<CompleteTrees, "bins">,
  { values, names: { length: width } }: FeatureMatrix,
  { first, count, blockRows }: { first: number; count: number; blockRows: number },
): void {
  const highest = columns instanceof Uint8Array ? 0xff : 0xffff;
  let at = 0;
  for (const feature of bins) {
    let from = first * width + feature.feature;
    for (let row = 0; row < count; row++, from += width) {
      const value = values[from]!;
      const unknown = value !== value;
      const bin = unknown ? 0 : binOf(feature, value);
      columns[at + row] = bin;
      columns[at + blockRows + row] = unknown ? highest : bin;
    }
    at += 2 * blockRows;
  }
}

/**
 * Margins of all rows, in plain TypeScript: rows walk the complete trees by arithmetic, without a branch that the
 * processor would have to guess, four at a time so that their steps overlap.
 */
export function plainMargins(trees: CompleteTrees, matrix: FeatureMatrix): Float64Array {
  const margins = new Float64Array(matrix.rows).fill(trees.bias);
  const columns = binColumns(trees, BLOCK_ROWS);
  const sums = new Float64Array(BLOCK_ROWS);
  const tables = trees.trees.map(walkTable);
  for (let first = 0; first < matrix.rows; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, matrix.rows - first);
    fillBins(columns, trees, matrix, { first, count, blockRows: BLOCK_ROWS });
    sums.fill(trees.bias);
    for (const table of tables) addTree(table, columns, sums, count);
    margins.set(sums.subarray(0, count), first);
  }
  return margins;
}

interface WalkTable {
  depth: number;
  /** Of each node where its column begins and its bin: side by side, as they are read together. */
  nodes: Int32Array;
  leaves: Float64Array;
}

function walkTable({ depth, column, bin, leaves }: CompleteTree): WalkTable {
  const nodes = Int32Array.from(
    { length: 2 * column.length },
    (_, i) => i % 2 === 0 ? column[i >> 1]! * BLOCK_ROWS : bin[i >> 1]!,
  );
  return { depth, nodes, leaves };
}

function addTree(
  { depth, nodes, leaves }: WalkTable,
  columns: BinColumns,
  sums: Float64Array,
  count: number,
): void {
  const inner = leaves.length - 1;
  for (let row = 0; row < count; row += 4) {
    // Twice the number of the node. Rows beyond the count are walked too; nobody reads their sums.
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let level = 0; level < depth; level++) {
      // The sign of bin - own is 1 exactly where the value goes right.
      a = 2 * a + 2 + 2 * ((nodes[a + 1]! - columns[nodes[a]! + row]!) >>> 31);
      b = 2 * b + 2 + 2 * ((nodes[b + 1]! - columns[nodes[b]! + row + 1]!) >>> 31);
      c = 2 * c + 2 + 2 * ((nodes[c + 1]! - columns[nodes[c]! + row + 2]!) >>> 31);
      d = 2 * d + 2 + 2 * ((nodes[d + 1]! - columns[nodes[d]! + row + 3]!) >>> 31);
    }
    sums[row]! += leaves[(a >> 1) - inner]!;
    sums[row + 1]! += leaves[(b >> 1) - inner]!;
    sums[row + 2]! += leaves[(c >> 1) - inner]!;
    sums[row + 3]! += leaves[(d >> 1) - inner]!;
  }
}
