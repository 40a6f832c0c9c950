import { valueAt } from "../../../vectors.ts";
import type { Tree } from "../trees.ts";

/**
 * Leaves next to each other, explained together: what they add to each feature's Shapley value depends on a row only
 * through the outcomes at their nodes, so it can be looked up by them.
 */
export interface LeafGroup {
  /** Nodes from the root to the group, then those between its leaves. */
  nodes: number[];
  /** How many of the nodes are above the group. */
  above: number;
  /** Features of the nodes, each once, in the order of a table's columns. */
  features: number[];
  leaves: GroupLeaf[];
}

/**
 * A leaf, seen as a game between the features on its path: a coalition of them earns the leaf's value times, for each member,
 * whether the row agrees with the path, and for each other feature, the share of training rows that do.
 */
export interface GroupLeaf {
  value: number;
  /** Places of its players among the group's features. */
  players: number[];
  /** For each player the share of the training rows that go the path's way at the player's nodes. */
  shares: number[];
  /** What the path asks: to go right, or left, at a node of the group, and of which player. */
  steps: { node: number; right: boolean; player: number }[];
}

/**
 * A table of so many outcomes has 256 rows. All leaves of a tree of three levels are one group, those of a tree of six are 16.
 */
export const MOST_OUTCOMES = 8;

/** All leaves of a tree in groups, from left to right. A leaf with more outcomes than a table takes is one of its own. */
export function leafGroups(tree: Tree): LeafGroup[] {
  const groups: LeafGroup[] = [];
  const visit = (node: number, path: number[]) => {
    const below = innerNodes(tree, node, MOST_OUTCOMES);
    if (below.length === 0 || path.length + below.length <= MOST_OUTCOMES) {
      groups.push(groupOf(tree, node, path, below));
      return;
    }
    visit(valueAt(tree.left, node), [...path, node]);
    visit(valueAt(tree.right, node), [...path, node]);
  };
  visit(0, []);
  return groups;
}

/** Inner nodes from a node on; stops looking when there are more than `most`. */
function innerNodes(tree: Tree, node: number, most: number): number[] {
  const found: number[] = [];
  const visit = (node: number) => {
    if (valueAt(tree.feature, node) < 0 || found.length > most) return;
    found.push(node);
    visit(valueAt(tree.left, node));
    visit(valueAt(tree.right, node));
  };
  visit(node);
  return found;
}

function groupOf(tree: Tree, root: number, path: number[], below: number[]): LeafGroup {
  const nodes = [...path, ...below];
  const features = [...new Set(nodes.map((node) => valueAt(tree.feature, node)))];
  const leaves: GroupLeaf[] = [];
  const visit = (node: number, above: { node: number; right: boolean }[]) => {
    if (valueAt(tree.feature, node) < 0) {
      leaves.push(leafOf(tree, node, { above, nodes, features }));
      return;
    }
    visit(valueAt(tree.left, node), [...above, { node, right: false }]);
    visit(valueAt(tree.right, node), [...above, { node, right: true }]);
  };
  const ways = path.map((node, i) => ({
    node,
    right: valueAt(tree.right, node) === (path[i + 1] ?? root),
  }));
  visit(root, ways);
  return { nodes, above: path.length, features, leaves };
}

function leafOf(
  tree: Tree,
  leaf: number,
  { above, nodes, features }: {
    above: { node: number; right: boolean }[];
    nodes: number[];
    features: number[];
  },
): GroupLeaf {
  const players = [...new Set(above.map(({ node }) => features.indexOf(valueAt(tree.feature, node))))];
  const shares = players.map(() => 1);
  const steps = above.map(({ node, right }) => {
    const player = players.indexOf(features.indexOf(valueAt(tree.feature, node)));
    const child = valueAt(right ? tree.right : tree.left, node);
    const cover = valueAt(tree.cover, node);
    // Where no training row came by, both ways are as good.
    shares[player]! *= cover > 0 ? valueAt(tree.cover, child) / cover : 0.5;
    return { node: nodes.indexOf(node), right, player };
  });
  return { value: valueAt(tree.value, leaf), players, shares, steps };
}

/** The leaf's value for a row of which nothing is known: weighted by the shares of all its players. */
export function expectedValue({ value, shares }: GroupLeaf): number {
  return shares.reduce((product, share) => product * share, value);
}
