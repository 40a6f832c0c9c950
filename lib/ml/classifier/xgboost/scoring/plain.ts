import type { FeatureMatrix } from "../../matrix.ts";
import { type BinColumns, binColumns, fillBins } from "./bins.ts";
import { type CompleteTree, type CompleteTrees, SMALL_DEPTH } from "./complete_trees.ts";

/** Rows at a time: their bins and sums stay in the first cache. Blocks of 1,024 take 40 % longer. */
export const BLOCK_ROWS = 256;

/**
 * Margins of all rows, in plain TypeScript: rows take their ways through the complete trees by arithmetic, without a branch
 * that the processor would have to guess.
 */
export function plainMargins({ bias, bins, trees }: CompleteTrees, matrix: FeatureMatrix): Float64Array {
  const margins = new Float64Array(matrix.rows);
  const columns = binColumns(bins, BLOCK_ROWS);
  const words = new Int32Array(columns.buffer);
  const sums = new Float64Array(BLOCK_ROWS);
  const fitWords = bins.every(({ thresholds }) => thresholds.length < UNKNOWN_IN_WORDS);
  const highest = fitWords ? UNKNOWN_IN_WORDS : columns instanceof Uint8Array ? 0xff : 0xffff;
  const tables = trees.map((tree) => ({
    ...nodeTable(tree),
    isSmall: fitWords && tree.depth === SMALL_DEPTH,
  }));
  for (let first = 0; first < matrix.rows; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, matrix.rows - first);
    fillBins(columns, bins, matrix, { first, count, blockRows: BLOCK_ROWS, highest });
    sums.fill(bias);
    // Rows beyond the count take their ways, too; nobody reads their sums.
    for (const table of tables) {
      if (table.isSmall) addSmallTree(table, words, sums);
      else addTree(table, columns, sums);
    }
    margins.set(sums.subarray(0, count), first);
  }
  return margins;
}

interface NodeTable {
  depth: number;
  /** Of each node where its column begins, and its bin: side by side, as they are read together. */
  nodes: Int32Array;
  leaves: Float64Array;
}

function nodeTable({ depth, column, bin, leaves }: CompleteTree): NodeTable {
  const nodes = new Int32Array(2 * column.length);
  for (const [node, place] of column.entries()) {
    nodes[2 * node] = place * BLOCK_ROWS;
    nodes[2 * node + 1] = bin[node]!;
  }
  return { depth, nodes, leaves };
}

/** Adds the leaves of a tree, for four rows at a time, so that their steps overlap. */
function addTree({ depth, nodes, leaves }: NodeTable, columns: BinColumns, sums: Float64Array): void {
  const inner = leaves.length - 1;
  for (let row = 0; row < BLOCK_ROWS; row += 4) {
    // Twice the number of each row's node. The sign bit of bin - own is set exactly where the value goes right.
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

/** Bins of unknown values where a word holds the bins of four rows, whose highest bits must be free. */
const UNKNOWN_IN_WORDS = 0x7f;
const HIGHEST_BITS = 0x80808080 | 0;

/**
 * Adds the leaves of a tree of three levels. A whole number of 32 bits holds the bins of four rows: subtracting a node's from
 * all of them at once leaves the highest bit of those that are above it, which go right; outcomes select those of the next
 * level by their bits.
 */
function addSmallTree({ nodes, leaves }: NodeTable, words: Int32Array, sums: Float64Array): void {
  const begin = (node: number) => nodes[2 * node]! >> 2;
  // One more than the bin, in each byte.
  const bound = (node: number) => Math.imul(nodes[2 * node + 1]! + 1, 0x01010101);
  const beginA = begin(0), beginB = begin(1), beginC = begin(2), beginD = begin(3), beginE = begin(4);
  const beginF = begin(5), beginG = begin(6);
  const boundA = bound(0), boundB = bound(1), boundC = bound(2), boundD = bound(3), boundE = bound(4);
  const boundF = bound(5), boundG = bound(6);
  for (let word = 0; word < BLOCK_ROWS / 4; word++) {
    const first = (words[beginA + word]! | HIGHEST_BITS) - boundA & HIGHEST_BITS;
    const b = (words[beginB + word]! | HIGHEST_BITS) - boundB;
    const c = (words[beginC + word]! | HIGHEST_BITS) - boundC;
    const second = (b ^ first & (b ^ c)) & HIGHEST_BITS;
    const d = (words[beginD + word]! | HIGHEST_BITS) - boundD;
    const e = (words[beginE + word]! | HIGHEST_BITS) - boundE;
    const f = (words[beginF + word]! | HIGHEST_BITS) - boundF;
    const g = (words[beginG + word]! | HIGHEST_BITS) - boundG;
    const left = d ^ first & (d ^ f), right = e ^ first & (e ^ g);
    const third = (left ^ second & (left ^ right)) & HIGHEST_BITS;
    // The numbers of four leaves, each in its byte.
    const found = first >>> 5 | second >>> 6 | third >>> 7;
    const row = 4 * word;
    sums[row]! += leaves[found & 7]!;
    sums[row + 1]! += leaves[found >>> 8 & 7]!;
    sums[row + 2]! += leaves[found >>> 16 & 7]!;
    sums[row + 3]! += leaves[found >>> 24]!;
  }
}
