import { valueAt } from "../../../vectors.ts";
import type { Tree, TreeEnsemble } from "../trees.ts";
import { binsOf, canBeBinned, type FeatureBins, floatThreshold } from "./bins.ts";

/**
 * A tree in which every leaf is equally deep, so that all rows take the same steps. Nodes are in level order: the children
 * of node k are 2k + 1 and 2k + 2. A leaf of the original that is less deep is repeated below nodes that do not matter.
 */
export interface CompleteTree {
  /** From {@linkcode SMALL_DEPTH} to {@linkcode DEEPEST}. */
  depth: number;
  /** Column of each node among those of {@linkcode fillBins}. */
  column: Uint32Array;
  /** A value goes right where its bin is above this. */
  bin: Uint16Array;
  /** From left to right, 2 ** depth. */
  leaves: Float64Array;
}

export interface CompleteTrees {
  bias: number;
  bins: FeatureBins[];
  trees: CompleteTree[];
}

/** The depth of small trees, which need no more work than this one takes. */
export const SMALL_DEPTH = 3;
/** Complete trees double with each level; deeper ones are walked node by node. */
export const DEEPEST = 8;

/** Completes the trees; undefined where they are too deep, or a feature has too many thresholds. */
export function completeTrees(ensemble: TreeEnsemble): CompleteTrees | undefined {
  const depths = ensemble.trees.map((tree) => depthOf(tree));
  if (depths.some((depth) => depth > DEEPEST)) return undefined;
  const bins = binsOf(ensemble);
  if (!canBeBinned(bins)) return undefined;
  const places = new Map(bins.map((feature, place) => [feature.feature, {
    place,
    binOf: new Map(
      [...feature.thresholds].map((threshold, bin) => [threshold, bin]),
    ),
  }]));
  const trees = ensemble.trees.map((tree, i): CompleteTree => {
    const depth = Math.max(SMALL_DEPTH, valueAt(depths, i));
    const inner = 2 ** depth - 1;
    const complete: CompleteTree = {
      depth,
      column: new Uint32Array(inner),
      bin: new Uint16Array(inner),
      leaves: new Float64Array(inner + 1),
    };
    const fill = (at: number, node: number) => {
      const feature = valueAt(tree.feature, node);
      if (at >= inner) {
        complete.leaves[at - inner] = valueAt(tree.value, node);
        return;
      }
      if (feature >= 0) {
        const { place, binOf } = places.get(feature)!;
        complete.column[at] = 2 * place + (tree.unknownLeft[node] === 1 ? 0 : 1);
        complete.bin[at] = binOf.get(floatThreshold(valueAt(tree.threshold, node)))!;
      }
      fill(2 * at + 1, feature < 0 ? node : valueAt(tree.left, node));
      fill(2 * at + 2, feature < 0 ? node : valueAt(tree.right, node));
    };
    fill(0, 0);
    return complete;
  });
  return { bias: ensemble.bias, bins, trees };
}

/** Levels of inner nodes; counting stops above {@linkcode DEEPEST}. */
function depthOf(tree: Tree, node = 0, above = 0): number {
  if (valueAt(tree.feature, node) < 0 || above > DEEPEST) return above;
  return Math.max(
    depthOf(tree, valueAt(tree.left, node), above + 1),
    depthOf(tree, valueAt(tree.right, node), above + 1),
  );
}
