import type { FeatureMatrix } from "../../matrix.ts";
import { type BinColumns, binColumns, fillBins } from "./bins.ts";
import { type CompleteTree, type CompleteTrees, SMALL_DEPTH } from "./complete_trees.ts";

/** Rows at a time: their bins and sums stay in the first cache. Blocks of 1,024 take 40 % longer. */
export const BLOCK_ROWS = 256;

/**
 * Margins of all rows, in plain TypeScript: rows walk the complete trees by arithmetic, without a branch that the
 * processor would have to guess.
 */
export function plainMargins(trees: CompleteTrees, matrix: FeatureMatrix): Float64Array {
  const margins = new Float64Array(matrix.rows).fill(trees.bias);
  const columns = binColumns(trees.bins, BLOCK_ROWS);
  const sums = new Float64Array(BLOCK_ROWS);
  const tables = trees.trees.map(walkTable);
  for (let first = 0; first < matrix.rows; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, matrix.rows - first);
    fillBins(columns, trees.bins, matrix, { first, count, blockRows: BLOCK_ROWS });
    sums.fill(trees.bias);
    // Rows beyond the count are walked, too; nobody reads their sums.
    for (const table of tables) (table.depth === SMALL_DEPTH ? addSmallTree : addTree)(table, columns, sums);
    margins.set(sums.subarray(0, count), first);
  }
  return margins;
}

interface WalkTable {
  depth: number;
  /** Of each node where its column begins, and its bin: side by side, as they are read together. */
  nodes: Int32Array;
  leaves: Float64Array;
}

function walkTable({ depth, column, bin, leaves }: CompleteTree): WalkTable {
  const nodes = new Int32Array(2 * column.length);
  for (const [node, place] of column.entries()) {
    nodes[2 * node] = place * BLOCK_ROWS;
    nodes[2 * node + 1] = bin[node]!;
  }
  return { depth, nodes, leaves };
}

/** Adds the leaves of a tree of three levels. In all arithmetic the sign bit of `bin - own` says that a value goes right. */
function addSmallTree({ nodes, leaves }: WalkTable, columns: BinColumns, sums: Float64Array): void {
  const [column, bin] = [nodes[0]!, nodes[1]!];
  for (let row = 0; row < BLOCK_ROWS; row++) {
    const a = (bin - columns[column + row]!) >>> 31;
    const b = 2 * a + ((nodes[2 * a + 3]! - columns[nodes[2 * a + 2]! + row]!) >>> 31);
    const c = 2 * b + ((nodes[2 * b + 7]! - columns[nodes[2 * b + 6]! + row]!) >>> 31);
    sums[row]! += leaves[c]!;
  }
}

/** As {@linkcode addSmallTree}, for any depth. Four rows at a time, so that their steps overlap. */
function addTree({ depth, nodes, leaves }: WalkTable, columns: BinColumns, sums: Float64Array): void {
  const inner = leaves.length - 1;
  for (let row = 0; row < BLOCK_ROWS; row += 4) {
    // Twice the number of each row's node.
    let a = 0, b = 0, c = 0, d = 0;
    for (let level = 0; level < depth; level++) {
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
