import { valueAt } from "../../../vectors.ts";
import { type FeatureMatrix, matrixRow } from "../../matrix.ts";
import { type BinColumns, binColumns, type FeatureBins, fillBins, floatThreshold } from "../scoring/bins.ts";
import { goesRight, type Tree } from "../trees.ts";
import { type LeafGroup, MOST_OUTCOMES } from "./leaf_groups.ts";
import { emptyTable, fillTable, fitsTable, type GroupTable, groupValues, tableSize } from "./tables.ts";

/** A tree, its leaves in groups, and a table for each. */
export interface ExplainedTree {
  tree: Tree;
  groups: LeafGroup[];
  tables: GroupTable[];
}

/** Adds the outcomes of a node to those of the nodes before it, for each row of a block. */
interface Compare {
  column: number;
  bin: number;
  /** The place of the node among those of its group. */
  bit: number;
  /** Outcomes before it, and with it. */
  from: Uint8Array;
  to: Uint8Array;
}

/** How a group's leaves are added for a block of rows. */
interface GroupPlan {
  tree: Tree;
  group: LeafGroup;
  table: GroupTable;
  /** Those whose outcomes are not there yet from the group before. */
  compares: Compare[];
  /** Outcomes at all nodes of the group. */
  outcomes: Uint8Array;
}

/** Rows at a time: more make better use of each table, fewer leave more of the second cache to the tables. */
const BLOCK_ROWS = 256;

/**
 * Contributions of all rows, row by row. The outcomes of a block's rows are carried down each tree, one comparison a node, and
 * what they contribute is looked up, group by group.
 *
 * @param most Numbers that tables may hold at a time. Where they are too few for all trees, the trees are taken in
 *   parts, and tables are not kept.
 */
export function explainBatch(
  matrix: FeatureMatrix,
  { trees, bins, most }: { trees: ExplainedTree[]; bins: FeatureBins[]; most: number },
): Float64Array {
  const { rows, names: { length: width } } = matrix;
  const all = new Float64Array(rows * width);
  const columns = binColumns(bins, BLOCK_ROWS);
  const highest = columns instanceof Uint8Array ? 0xff : 0xffff;
  const places = new Map(bins.map(({ feature }, place) => [feature, place]));
  // Feature by feature, as bins are.
  const sums = new Float64Array(bins.length * BLOCK_ROWS);
  const parts = inParts(trees, most);
  for (const part of parts) {
    const plans = part.flatMap((tree) => planTree(tree, bins, places));
    for (const { table, group } of plans) if (fitsTable(group)) fillTable(table, group);
    for (let first = 0; first < rows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - first);
      fillBins(columns, bins, matrix, { first, count, blockRows: BLOCK_ROWS, highest });
      copySums(all, sums, bins, { first, count, width, back: false });
      for (const plan of plans) {
        if (fitsTable(plan.group)) addTable(plan, columns, sums, places);
        else addRows(plan, matrix, { first, count, sums, places });
      }
      copySums(all, sums, bins, { first, count, width, back: true });
    }
    if (parts.length > 1) { for (const { table } of plans) Object.assign(table, emptyTable()); }
  }
  return all;
}

/** Consecutive trees whose tables hold at most so many numbers together; at least one tree a part. */
function inParts(trees: ExplainedTree[], most: number): ExplainedTree[][] {
  const parts: ExplainedTree[][] = [];
  let size = Infinity;
  for (const tree of trees) {
    const own = tree.groups.filter(fitsTable).reduce((sum, group) => sum + tableSize(group), 0);
    if (size + own > most) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(tree);
    size += own;
  }
  return parts;
}

function planTree(
  { tree, groups, tables }: ExplainedTree,
  bins: FeatureBins[],
  places: Map<number, number>,
): GroupPlan[] {
  const levels = Array.from({ length: MOST_OUTCOMES + 1 }, () => new Uint8Array(BLOCK_ROWS));
  const between = new Uint8Array(BLOCK_ROWS);
  // Nodes from the root down whose outcomes the levels hold.
  let carried: number[] = [];
  return groups.map((group, i): GroupPlan => {
    const { nodes, above } = group;
    const plan = {
      tree,
      group,
      table: tables[i]!,
      outcomes: nodes.length > above ? between : levels[above]!,
    };
    if (!fitsTable(group)) return { ...plan, compares: [] };
    const path = nodes.slice(0, above);
    const kept = path.findIndex((node, level) => carried[level] !== node);
    carried = path;
    const compares = nodes.map((node, bit): Compare => {
      const place = places.get(valueAt(tree.feature, node))!;
      const { thresholds } = bins[place]!;
      return {
        column: 2 * place + (tree.unknownLeft[node] === 1 ? 0 : 1),
        bin: thresholds.indexOf(floatThreshold(valueAt(tree.threshold, node))),
        bit,
        from: bit <= above ? levels[bit]! : between,
        to: bit < above ? levels[bit + 1]! : between,
      };
    });
    return { ...plan, compares: compares.slice(kept < 0 ? above : kept) };
  });
}

function addTable(
  { group, table, compares, outcomes }: GroupPlan,
  columns: BinColumns,
  sums: Float64Array,
  places: Map<number, number>,
): void {
  for (const { column, bin, bit, from, to } of compares) {
    const begin = column * BLOCK_ROWS;
    for (let row = 0; row < BLOCK_ROWS; row++) {
      to[row] = from[row]! | ((bin - columns[begin + row]!) >>> 31) << bit;
    }
  }
  const { values } = table;
  const { nodes, features } = group;
  for (const [k, feature] of features.entries()) {
    const sum = places.get(feature)! * BLOCK_ROWS;
    const begin = k << nodes.length;
    for (let row = 0; row < BLOCK_ROWS; row++) sums[sum + row]! += values[begin + outcomes[row]!]!;
  }
}

interface Rows {
  first: number;
  count: number;
  sums: Float64Array;
  places: Map<number, number>;
}

/** Adds what a deep leaf contributes, row by row. */
function addRows(
  { tree, group }: GroupPlan,
  matrix: FeatureMatrix,
  { first, count, sums, places }: Rows,
): void {
  for (let row = 0; row < count; row++) {
    const own = matrixRow(matrix, first + row);
    const values = groupValues(group, (place) => goesRight(tree, group.nodes[place]!, own));
    for (const [k, feature] of group.features.entries()) {
      sums[places.get(feature)! * BLOCK_ROWS + row]! += values[k]!;
    }
  }
}

/** Copies a block's sums from the rows of all, or back to them. */
function copySums(
  all: Float64Array,
  sums: Float64Array,
  bins: FeatureBins[],
  { first, count, width, back }: { first: number; count: number; width: number; back: boolean },
): void {
  for (const [place, { feature }] of bins.entries()) {
    let at = first * width + feature;
    for (let row = 0; row < count; row++, at += width) {
      if (back) all[at] = sums[place * BLOCK_ROWS + row]!;
      else sums[place * BLOCK_ROWS + row] = all[at]!;
    }
  }
}
