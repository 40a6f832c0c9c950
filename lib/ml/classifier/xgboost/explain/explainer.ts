import { type FeatureMatrix, matrixRow } from "../../matrix.ts";
import { binsOf, canBeBinned } from "../scoring/bins.ts";
import { goesRight, type Tree, type TreeEnsemble } from "../trees.ts";
import { explainBatch, type ExplainedTree } from "./batch.ts";
import { expectedValue, type LeafGroup, leafGroups } from "./leaf_groups.ts";
import { emptyTable, fillOutcomes, fitsTable, type GroupTable, groupValues, tableSize } from "./tables.ts";

/** Attributes margins to features. */
export interface TreeExplainer {
  /** The margin of a row of which nothing is known: the mean over the training rows, weighted by cover. */
  readonly expectedMargin: number;
  /** Contribution of each feature to the row's log-odds; with `expectedMargin` they sum to its margin. */
  contributions(row: Float32Array): Float64Array;
  /**
   * The contributions of many rows: the same numbers, many times faster where there are more than a few.
   *
   * @returns matrix.rows × matrix.names.length values, row by row.
   */
  contributionsOf(matrix: FeatureMatrix): Float64Array;
}

/** Numbers in tables at a time: 64 MB. The tables of 200 trees of three levels take 1.4 MB, of six levels 23 MB. */
const MOST_NUMBERS = 2 ** 23;
/** Up to so many rows, filling whole tables takes longer than it saves. */
const FEW_ROWS = 64;

/**
 * Exact path-dependent Shapley values of a tree ensemble (Lundberg, Erion and Lee 2018, "Consistent Individualized Feature
 * Attribution for Tree Ensembles", arXiv 1802.03888), from tables of what each group of leaves contributes (the idea of Yang
 * 2021, "Fast TreeSHAP", arXiv 2109.09847, section 3.2). For single rows the tables are filled as outcomes occur. Leaves below
 * more than eight nodes have none, and are computed for each row.
 *
 * @param options.mostNumbers How many numbers tables may hold at a time.
 */
export function createTreeExplainer(
  ensemble: TreeEnsemble,
  { mostNumbers = MOST_NUMBERS }: { mostNumbers?: number } = {},
): TreeExplainer {
  const trees = ensemble.trees.map((tree): ExplainedTree => {
    const groups = leafGroups(tree);
    return { tree, groups, tables: groups.map(emptyTable) };
  });
  const groups = trees.flatMap(({ groups }) => groups);
  const numbers = groups.filter(fitsTable).reduce((sum, group) => sum + tableSize(group), 0);
  const bins = binsOf(ensemble);

  const keepsTables = numbers <= mostNumbers;

  function contributions(row: Float32Array): Float64Array {
    const total = new Float64Array(ensemble.featureCount);
    for (const { tree, groups, tables } of trees) {
      for (let i = 0; i < groups.length; i++) {
        const group = groups[i]!;
        if (keepsTables && fitsTable(group)) addOutcomes(total, tree, group, tables[i]!, row);
        else {
          const values = groupValues(group, (place) => goesRight(tree, group.nodes[place]!, row));
          for (const [k, value] of values.entries()) total[group.features[k]!]! += value;
        }
      }
    }
    return total;
  }

  return {
    expectedMargin: groups.flatMap(({ leaves }) => leaves)
      .reduce((sum, leaf) => sum + expectedValue(leaf), ensemble.bias),
    contributions,
    contributionsOf(matrix) {
      if (matrix.rows > FEW_ROWS && canBeBinned(bins)) {
        return explainBatch(matrix, { trees, bins, most: mostNumbers });
      }
      const width = matrix.names.length;
      const all = new Float64Array(matrix.rows * width);
      for (let row = 0; row < matrix.rows; row++) all.set(contributions(matrixRow(matrix, row)), row * width);
      return all;
    },
  };
}

function addOutcomes(
  total: Float64Array,
  tree: Tree,
  group: LeafGroup,
  table: GroupTable,
  row: Float32Array,
): void {
  const { nodes, features } = group;
  let outcomes = 0;
  for (let place = 0; place < nodes.length; place++) {
    if (goesRight(tree, nodes[place]!, row)) outcomes |= 1 << place;
  }
  if (table.filled[outcomes] !== 1) fillOutcomes(table, group, outcomes);
  for (let k = 0; k < features.length; k++) {
    total[features[k]!]! += table.values[(k << nodes.length) + outcomes]!;
  }
}

/** How much a feature moves predictions. */
interface FeatureInfluence {
  feature: string;
  /** Mean size of its contribution, in log-odds. */
  meanContribution: number;
}

/**
 * The features by their mean absolute SHAP value over the rows, strongest first.
 *
 * @param options.sample At most so many rows, evenly spaced, are looked at; default 2000.
 */
export function featureInfluence(
  { ensemble, featureNames }: { ensemble: TreeEnsemble; featureNames: readonly string[] },
  features: FeatureMatrix,
  { sample = 2000 }: { sample?: number } = {},
): FeatureInfluence[] {
  const rows = Math.min(sample, features.rows);
  const width = featureNames.length;
  const values = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    values.set(matrixRow(features, Math.floor(i * features.rows / rows)), i * width);
  }
  const all = createTreeExplainer(ensemble).contributionsOf({ names: featureNames, rows, values });
  const total = new Float64Array(width);
  for (const [i, contribution] of all.entries()) total[i % width]! += Math.abs(contribution);
  return featureNames.map((feature, j) => ({
    feature,
    meanContribution: rows === 0 ? 0 : (total[j] ?? 0) / rows,
  }))
    .sort((a, b) => b.meanContribution - a.meanContribution);
}
