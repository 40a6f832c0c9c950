import { ModelError } from "shopflow/errors/mod.ts";

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

/** Trees whose sum, with the bias, is the margin: the log-odds of class 1, or a regression's value. */
export interface TreeEnsemble {
  bias: number;
  featureCount: number;
  trees: Tree[];
}

/** Whether a value takes the left branch of a node; NaN (not known) follows the branch learned for it. */
export function goesLeft(tree: Tree, node: number, value: number): boolean {
  return Number.isNaN(value) ? tree.unknownLeft[node] === 1 : value < tree.threshold[node]!;
}

/** Whether a row takes the right branch of a node. */
export function goesRight(tree: Tree, node: number, row: Float32Array): boolean {
  return !goesLeft(tree, node, row[tree.feature[node]!]!);
}

/** The log-odds of class 1 for one row of features (NaN = not known). */
export function treeMargin(ensemble: TreeEnsemble, row: Float32Array): number {
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

/** What a training minimises: log loss of two classes, or squared error. */
export type Objective = "binary:logistic" | "reg:linear";

/** Sizes in bytes of XGBoost 0.7's C structures, whose memory is what its binary format holds. */
const LEARNER_PARAMETERS = 136;
const BOOSTER_PARAMETERS = 160;
const TREE_PARAMETERS = 148;
const NODE = 20;
const NODE_STATISTICS = 16;

/**
 * Reads a model in the binary format of XGBoost 0.7 (`Learner::Save`, `GBTree::Save`, `RegTree::Save` of its
 * sources; little endian), of booster `gbtree`.
 *
 * @param objective The one it was trained for.
 * @throws {ModelError} when the bytes are something else.
 */
export function readXgboostModel(bytes: Uint8Array, objective: Objective = "binary:logistic"): TreeEnsemble {
  try {
    return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), objective);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ModelError("The XGBoost model ends too early", { found: `${bytes.length} bytes`, cause });
  }
}

function read(view: DataView, objective: Objective): TreeEnsemble {
  // LearnerModelParam: base_score (saved as margin), num_feature, …
  const bias = view.getFloat32(0, true);
  const featureCount = view.getUint32(4, true);
  let at = LEARNER_PARAMETERS;
  for (const expected of [objective, "gbtree"]) {
    const length = Number(view.getBigUint64(at, true));
    const found = length > 64
      ? `${length} bytes`
      : new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 8, length));
    if (found !== expected) {
      throw new ModelError("Invalid model: it was not trained by ShopFlow", { expected, found });
    }
    at += 8 + length;
  }
  const treeCount = view.getUint32(at, true);
  at += BOOSTER_PARAMETERS;
  const trees: Tree[] = [];
  for (let i = 0; i < treeCount; i++) {
    // TreeParam: num_roots, num_nodes, …
    const nodes = view.getUint32(at + 4, true);
    at += TREE_PARAMETERS;
    trees.push(readTree(view, at, nodes));
    at += nodes * (NODE + NODE_STATISTICS);
  }
  // A zero bias is saved as -0.
  return { bias: bias + 0, featureCount, trees };
}

function readTree(view: DataView, start: number, nodes: number): Tree {
  const tree: Tree = {
    feature: [],
    threshold: [],
    left: [],
    right: [],
    unknownLeft: [],
    value: [],
    cover: [],
  };
  for (let node = 0; node < nodes; node++) {
    // Node: parent, left child (-1 for a leaf), right child, split index with the default direction in its
    // top bit, and threshold or leaf value. NodeStat: loss change, sum of Hessians, …
    const at = start + node * NODE;
    const left = view.getInt32(at + 4, true);
    const split = view.getUint32(at + 12, true);
    const info = view.getFloat32(at + 16, true);
    const isLeaf = left === -1;
    tree.feature.push(isLeaf ? -1 : split & 0x7fffffff);
    tree.threshold.push(isLeaf ? 0 : info);
    tree.left.push(left);
    tree.right.push(view.getInt32(at + 8, true));
    tree.unknownLeft.push(split >>> 31);
    tree.value.push(isLeaf ? info : 0);
    tree.cover.push(view.getFloat32(start + nodes * NODE + node * NODE_STATISTICS + 4, true));
  }
  return tree;
}
