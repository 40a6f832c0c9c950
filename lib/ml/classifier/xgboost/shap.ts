import { ModelError } from "shopflow/errors/mod.ts";
import type { Tree, TreeEnsemble } from "./trees.ts";
import { type FeatureMatrix, matrixRow } from "../matrix.ts";
import type { TreeClassifier } from "./train.ts";
import { valueAt } from "../../vectors.ts";

/** Attributes margins to features. */
interface TreeExplainer {
  /** The margin of a row of which nothing is known: the mean over the training rows, weighted by cover. */
  readonly expectedMargin: number;
  /** Contribution of each feature to the row's log-odds; with `expectedMargin` they sum to its margin. */
  contributions(row: Float32Array): Float64Array;
}

/** What the way from the root to a node asks of one feature. */
interface Condition {
  feature: number;
  /** A known value x agrees with the path when lower <= x < upper. */
  lower: number;
  upper: number;
  /** Whether an unknown value agrees with the path. */
  unknownAgrees: boolean;
  /** Share of the training rows that go the path's way at the feature's nodes, for when it is left out. */
  share: number;
}

/** A leaf, seen as a game between the features on its path. */
interface LeafGame {
  /** One a feature met. */
  path: Condition[];
  value: number;
  /** Shapley values by the set of features that agree (bit k = path[k]); filled as sets occur. */
  shapley: (Float64Array | undefined)[];
}

/** Paths with more features would need tables of millions of sets. */
const MOST_FEATURES_ON_A_PATH = 16;

/**
 * Exact path-dependent Shapley values of a tree ensemble (Lundberg, Erion and Lee 2018, "Consistent
 * Individualized Feature Attribution for Tree Ensembles", arXiv 1802.03888). A leaf's share of them depends
 * on the row only through which of its path's features agree with the path, so each set's values are
 * computed once (the idea of Yang 2021, "Fast TreeSHAP", arXiv 2109.09847, section 3.2).
 *
 * @throws {ModelError} when a path has more than 16 different features.
 */
export function createTreeExplainer(ensemble: TreeEnsemble): TreeExplainer {
  const games = ensemble.trees.flatMap(leafGames);
  const expectedMargin = games.reduce(
    (sum, { value, path }) => sum + value * path.reduce((product, { share }) => product * share, 1),
    ensemble.bias,
  );
  return {
    expectedMargin,
    contributions(row) {
      const total = new Float64Array(ensemble.featureCount);
      for (const game of games) {
        const set = agreeing(game, row);
        const values = game.shapley[set] ??= shapleyValues(game, set);
        let k = 0;
        for (const { feature } of game.path) total[feature]! += values[k++]!;
      }
      return total;
    },
  };
}

function agreeing({ path }: LeafGame, row: Float32Array): number {
  let set = 0;
  let bit = 1;
  for (const { feature, lower, upper, unknownAgrees } of path) {
    const value = row[feature]!;
    // A comparison with NaN is false, so an unknown value never takes the first branch.
    if (value >= lower ? value < upper : Number.isNaN(value) && unknownAgrees) set |= bit;
    bit <<= 1;
  }
  return set;
}

/**
 * Shapley values of the game in which a coalition S of the path's features earns
 * value × Π(k in S) agrees(k) × Π(k not in S) share(k).
 */
function shapleyValues({ value, path }: LeafGame, set: number): Float64Array {
  const size = path.length;
  const agrees = (k: number) => set >> k & 1;
  return Float64Array.from(path, (condition, own) => {
    // byCount[c]: sum over coalitions of c other features of the products above.
    let byCount = [1];
    for (const [k, { share }] of path.entries()) {
      if (k === own) continue;
      const next = [0];
      for (const [count, sum] of byCount.entries()) {
        next[count]! += sum * share;
        next.push(sum * agrees(k));
      }
      byCount = next;
    }
    // A coalition of c others comes before `own` in c! (size - c - 1)! of the size! orders.
    let weight = 1 / size;
    let sum = 0;
    for (const [count, products] of byCount.entries()) {
      sum += weight * products;
      weight *= (count + 1) / Math.max(1, size - count - 1);
    }
    return value * sum * (agrees(own) - condition.share);
  });
}

function leafGames(tree: Tree): LeafGame[] {
  const games: LeafGame[] = [];
  const visit = (node: number, path: Condition[]) => {
    if (tree.feature[node] === -1) {
      if (path.length > MOST_FEATURES_ON_A_PATH) {
        throw new ModelError("A tree is too deep to explain", {
          expected: `at most ${MOST_FEATURES_ON_A_PATH} features on a path`,
          found: String(path.length),
          remedy: "Train with a smaller max_depth.",
        });
      }
      games.push({ path, value: valueAt(tree.value, node), shapley: new Array(2 ** path.length) });
      return;
    }
    visit(valueAt(tree.left, node), extended(path, tree, node, true));
    visit(valueAt(tree.right, node), extended(path, tree, node, false));
  };
  visit(0, []);
  return games;
}

/** The path after a node's left or right branch; a feature met before gets its conditions joined. */
function extended(path: Condition[], tree: Tree, node: number, left: boolean): Condition[] {
  const child = valueAt(left ? tree.left : tree.right, node);
  const feature = valueAt(tree.feature, node);
  const threshold = valueAt(tree.threshold, node);
  const before = path.find((condition) => condition.feature === feature) ??
    { feature, lower: -Infinity, upper: Infinity, unknownAgrees: true, share: 1 };
  const joined: Condition = {
    feature,
    lower: Math.max(before.lower, left ? -Infinity : threshold),
    upper: Math.min(before.upper, left ? threshold : Infinity),
    unknownAgrees: before.unknownAgrees && (tree.unknownLeft[node] === 1) === left,
    share: before.share * valueAt(tree.cover, child) / valueAt(tree.cover, node),
  };
  return path.includes(before)
    ? path.map((condition) => condition === before ? joined : condition)
    : [...path, joined];
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
  { ensemble, featureNames }: TreeClassifier,
  features: FeatureMatrix,
  { sample = 2000 }: { sample?: number } = {},
): FeatureInfluence[] {
  const explainer = createTreeExplainer(ensemble);
  const rows = Math.min(sample, features.rows);
  const total = new Float64Array(featureNames.length);
  for (let i = 0; i < rows; i++) {
    const contributions = explainer.contributions(matrixRow(features, Math.floor(i * features.rows / rows)));
    for (const [j, contribution] of contributions.entries()) total[j]! += Math.abs(contribution);
  }
  return featureNames.map((feature, j) => ({
    feature,
    meanContribution: rows === 0 ? 0 : (total[j] ?? 0) / rows,
  }))
    .sort((a, b) => b.meanContribution - a.meanContribution);
}
