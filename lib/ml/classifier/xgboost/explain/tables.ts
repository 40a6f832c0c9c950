import { type GroupLeaf, type LeafGroup, MOST_OUTCOMES } from "./leaf_groups.ts";
import { writeShapleyValues } from "./shapley_values.ts";

/**
 * What a group adds to its features' Shapley values, for each set of outcomes at its nodes (bit i: the row goes right at node
 * i): one value a feature and set, feature by feature.
 */
export interface GroupTable {
  /** Empty until it is needed. */
  values: Float64Array;
  /** 1 for the sets that are computed. */
  filled: Uint8Array;
}

export const emptyTable = (): GroupTable => ({ values: new Float64Array(0), filled: new Uint8Array(0) });

/** Whether a group's outcomes are few enough for a table. */
export const fitsTable = ({ nodes }: LeafGroup): boolean => nodes.length <= MOST_OUTCOMES;

/** Numbers that a group's table holds. */
export const tableSize = ({ nodes, features }: LeafGroup): number => features.length * 2 ** nodes.length;

function allocate(table: GroupTable, group: LeafGroup): void {
  if (table.filled.length > 0) return;
  table.values = new Float64Array(tableSize(group));
  table.filled = new Uint8Array(2 ** group.nodes.length);
}

/** Computes the values for one set of outcomes, where they are not there yet. */
export function fillOutcomes(table: GroupTable, group: LeafGroup, outcomes: number): void {
  allocate(table, group);
  if (table.filled[outcomes] === 1) return;
  table.filled[outcomes] = 1;
  const values = groupValues(group, (node) => (outcomes >> node & 1) === 1);
  for (const [place, value] of values.entries()) {
    table.values[(place << group.nodes.length) + outcomes] = value;
  }
}

/** Computes all values that are not there yet: those of a leaf once for each set of players that agree. */
export function fillTable(table: GroupTable, group: LeafGroup): void {
  allocate(table, group);
  if (table.filled.every((filled) => filled === 1)) return;
  table.values.fill(0);
  table.filled.fill(1);
  for (const leaf of group.leaves) addLeaf(table, group, leaf);
}

function addLeaf({ values, filled }: GroupTable, { nodes }: LeafGroup, leaf: GroupLeaf): void {
  const { players, steps } = leaf;
  const size = players.length;
  const ofSets = new Float64Array(size * 2 ** size);
  for (let set = 0; set < 2 ** size; set++) {
    writeShapleyValues(leaf, players.map((_, k) => set >> k & 1), ofSets, set * size);
  }
  for (let outcomes = 0; outcomes < filled.length; outcomes++) {
    let set = 2 ** size - 1;
    for (const { node, right, player } of steps) {
      if ((outcomes >> node & 1) === 1 !== right) set &= ~(1 << player);
    }
    for (let k = 0; k < size; k++) {
      values[(players[k]! << nodes.length) + outcomes]! += ofSets[set * size + k]!;
    }
  }
}

/**
 * What a group's leaves add, one value a feature of the group, without a table.
 *
 * @param isRight Whether the row goes right at a node of the group.
 */
export function groupValues(
  { leaves, features }: LeafGroup,
  isRight: (node: number) => boolean,
): Float64Array {
  const total = new Float64Array(features.length);
  for (const leaf of leaves) {
    const agrees = leaf.players.map(() => 1);
    for (const { node, right, player } of leaf.steps) {
      if (isRight(node) !== right) agrees[player] = 0;
    }
    const values = new Float64Array(agrees.length);
    writeShapleyValues(leaf, agrees, values);
    for (const [k, value] of values.entries()) total[leaf.players[k]!]! += value;
  }
  return total;
}
