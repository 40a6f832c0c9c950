import { ModelError } from "shopflow/errors/mod.ts";
import type { Tree, TreeEnsemble } from "./trees.ts";
import { type FeatureMatrix, matrixRow } from "../matrix.ts";
import type { TreeClassifier } from "./train.ts";

/** Attributes margins to features. */
interface TreeExplainer {
  /** The margin of a row of which nothing is known: the mean over the training rows, weighted by cover. */
  readonly expectedMargin: number;
  /** Contribution of each feature to the row's log-odds; with `expectedMargin` they sum to its margin. */
  contributions(row: Float32Array): Float64Array;
}

/** The conditions on the way from the root to a node, one entry a feature met. */
interface Path {
  features: number[];
  /** A known value x agrees with the path when lower <= x < upper. */
  lower: number[];
  upper: number[];
  /** Whether an unknown value agrees with the path. */
  unknownAgrees: boolean[];
  /** Share of the training rows that go the path's way at the feature's nodes, for when it is left out. */
  share: number[];
}

/** A leaf, seen as a game between the features on its path. */
interface LeafGame extends Path {
  value: number;
  /** Shapley values by the set of features that agree (bit k = features[k]); filled as sets occur. */
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
    (sum, { value, share }) => sum + value * share.reduce((product, part) => product * part, 1),
    ensemble.bias,
  );
  return {
    expectedMargin,
    contributions(row) {
      const total = new Float64Array(ensemble.featureCount);
      for (const game of games) {
        const set = agreeing(game, row);
        const values = game.shapley[set] ??= shapleyValues(game, set);
        for (let k = 0; k < values.length; k++) total[game.features[k]!]! += values[k]!;
      }
      return total;
    },
  };
}

function agreeing({ features, lower, upper, unknownAgrees }: LeafGame, row: Float32Array): number {
  let set = 0;
  for (let k = 0; k < features.length; k++) {
    const value = row[features[k]!]!;
    // A comparison with NaN is false, so an unknown value never takes the first branch.
    if (value >= lower[k]! ? value < upper[k]! : Number.isNaN(value) && unknownAgrees[k]!) set |= 1 << k;
  }
  return set;
}

/**
 * Shapley values of the game in which a coalition S of the path's features earns
 * value × Π(k in S) agrees(k) × Π(k not in S) share(k).
 */
function shapleyValues({ value, share }: LeafGame, set: number): Float64Array {
  const size = share.length;
  const agrees = share.map((_, k) => set >> k & 1);
  return Float64Array.from(share, (ownShare, own) => {
    // byCount[c]: sum over coalitions of c other features of the products above.
    let byCount = [1];
    for (let k = 0; k < size; k++) {
      if (k === own) continue;
      const next = new Array<number>(byCount.length + 1).fill(0);
      for (const [count, sum] of byCount.entries()) {
        next[count]! += sum * share[k]!;
        next[count + 1]! += sum * agrees[k]!;
      }
      byCount = next;
    }
    // A coalition of c others comes before `own` in c! (size - c - 1)! of the size! orders.
    let weight = 1 / size;
    let sum = 0;
    for (let count = 0; count < size; count++) {
      sum += weight * byCount[count]!;
      weight *= (count + 1) / Math.max(1, size - count - 1);
    }
    return value * sum * (agrees[own]! - ownShare);
  });
}

function leafGames(tree: Tree): LeafGame[] {
  const games: LeafGame[] = [];
  const visit = (node: number, path: Path) => {
    if (tree.feature[node] === -1) {
      if (path.features.length > MOST_FEATURES_ON_A_PATH) {
        throw new ModelError("A tree is too deep to explain", {
          expected: `at most ${MOST_FEATURES_ON_A_PATH} features on a path`,
          found: String(path.features.length),
          remedy: "Train with a smaller max_depth.",
        });
      }
      games.push({ ...path, value: tree.value[node]!, shapley: new Array(2 ** path.features.length) });
      return;
    }
    visit(tree.left[node]!, extended(path, tree, node, true));
    visit(tree.right[node]!, extended(path, tree, node, false));
  };
  visit(0, { features: [], lower: [], upper: [], unknownAgrees: [], share: [] });
  return games;
}

/** The path after a node's left or right branch; a feature met before gets its conditions joined. */
function extended(
  path: Path,
  tree: Tree,
  node: number,
  left: boolean,
): Path {
  const child = left ? tree.left[node]! : tree.right[node]!;
  const feature = tree.feature[node]!;
  const known = path.features.indexOf(feature);
  const k = known >= 0 ? known : path.features.length;
  const placed = <T>(list: T[], value: T) => Object.assign([...list], { [k]: value });
  const threshold = tree.threshold[node]!;
  return {
    features: placed(path.features, feature),
    lower: placed(path.lower, Math.max(path.lower[k] ?? -Infinity, left ? -Infinity : threshold)),
    upper: placed(path.upper, Math.min(path.upper[k] ?? Infinity, left ? threshold : Infinity)),
    unknownAgrees: placed(
      path.unknownAgrees,
      (path.unknownAgrees[k] ?? true) && (tree.unknownLeft[node] === 1) === left,
    ),
    share: placed(path.share, (path.share[k] ?? 1) * tree.cover[child]! / tree.cover[node]!),
  };
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
  return featureNames.map((feature, j) => ({ feature, meanContribution: rows === 0 ? 0 : total[j]! / rows }))
    .sort((a, b) => b.meanContribution - a.meanContribution);
}
