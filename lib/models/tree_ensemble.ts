/** A decision tree as parallel arrays, one entry a node; node 0 is the root. */
export interface Tree {
  /** Feature the node splits on, or -1 for a leaf. */
  feature: number[];
  /** Values below it go left. */
  threshold: number[];
  left: number[];
  right: number[];
  /** 1 where an unknown value goes left. */
  unknownLeft: number[];
  /** What a leaf adds to the margin. */
  value: number[];
  /** Training rows (weighted by their Hessian) that reached the node. */
  cover: number[];
}

/** Trees whose sum, with the bias, is the margin: the log-odds of class 1. */
export interface TreeEnsemble {
  bias: number;
  featureCount: number;
  trees: Tree[];
}

/** Whether a value takes the left branch of a node; NaN (not known) follows the branch learned for it. */
export function goesLeft(tree: Tree, node: number, value: number): boolean {
  return Number.isNaN(value) ? tree.unknownLeft[node] === 1 : value < tree.threshold[node]!;
}

/** The log-odds of class 1 for one row of features (NaN = not known). */
export function margin(ensemble: TreeEnsemble, row: Float32Array): number {
  let sum = ensemble.bias;
  for (const tree of ensemble.trees) {
    let node = 0;
    let feature = tree.feature[0]!;
    while (feature >= 0) {
      node = goesLeft(tree, node, row[feature]!) ? tree.left[node]! : tree.right[node]!;
      feature = tree.feature[node]!;
    }
    sum += tree.value[node]!;
  }
  return sum;
}

/** The probability that belongs to log-odds. */
export function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
