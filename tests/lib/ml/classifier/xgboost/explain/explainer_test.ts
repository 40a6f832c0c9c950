import assert from "node:assert/strict";
import fc from "fast-check";
import { createRandom } from "shopflow/runtime/mod.ts";
import { createTreeExplainer, featureMatrix, matrixRow, treeMargin } from "shopflow/ml/classifier/mod.ts";
import { anyModel, anyRows, AWKWARD } from "../../../../../fixtures/random_trees.ts";
import { goesLeft, type Tree, type TreeEnsemble } from "../../../../../../lib/ml/classifier/xgboost/trees.ts";
import { trainXgboost } from "../../../../../../lib/ml/classifier/xgboost/train.ts";

Deno.test("contributions and the expected margin sum to the margin", async () => {
  const { ensemble, features } = await trained();
  const explainer = createTreeExplainer(ensemble);
  for (let row = 0; row < features.rows; row++) {
    const values = matrixRow(features, row);
    const sum = explainer.contributions(values).reduce(
      (total, part) => total + part,
      explainer.expectedMargin,
    );
    assert.ok(Math.abs(sum - treeMargin(ensemble, values)) < 1e-9);
  }
});

Deno.test("contributions equal Shapley values by their definition, over all coalitions", async () => {
  const { ensemble, features } = await trained();
  const explainer = createTreeExplainer(ensemble);
  for (let row = 0; row < 40; row++) {
    const values = matrixRow(features, row);
    const expected = shapleyByDefinition(ensemble, values);
    for (const [j, part] of explainer.contributions(values).entries()) {
      assert.ok(
        Math.abs(part - expected[j]!) < 1e-9,
        `row ${row}, feature ${j}: ${part}, not ${expected[j]}`,
      );
    }
  }
});

const shapes = [{ depth: 3, most: 1e6 }, { depth: 6, most: 1e6 }, { depth: 6, most: 300 }, {
  depth: 11,
  most: 1e6,
}];
for (const { depth, most } of shapes) {
  Deno.test(`any trees of up to ${depth} levels: many rows get the bits of single ones, and they sum to the margin; ${most} numbers in tables`, () => {
    const shape = { features: 5, depth, numbers: AWKWARD, leaf: fc.float({ min: -4, max: 4, noNaN: true }) };
    fc.assert(
      fc.property(anyModel(shape), anyRows(shape, fc.constantFrom(0, 3, 70, 300)), (ensemble, matrix) => {
        const explainer = createTreeExplainer(ensemble, { mostNumbers: most });
        const all = explainer.contributionsOf(matrix);
        assert.equal(all.length, matrix.rows * 5);
        for (let row = 0; row < Math.min(20, matrix.rows); row++) {
          const values = matrixRow(matrix, row);
          const single = explainer.contributions(values);
          assert.deepEqual(single, all.slice(row * 5, row * 5 + 5));
          const sum = single.reduce((total, part) => total + part, explainer.expectedMargin);
          assert.ok(Math.abs(sum - treeMargin(ensemble, values)) < 1e-9);
        }
      }),
      { numRuns: 30 },
    );
  });
}

Deno.test("Shapley values by their definition, for deep trees and for tables made in parts", () => {
  const shape = {
    features: 6,
    depth: 10,
    numbers: [0.2, 0.5, 0.7],
    leaf: fc.float({ min: -1, max: 1, noNaN: true }),
  };
  fc.assert(
    fc.property(anyModel(shape), anyRows(shape, fc.constant(80)), (ensemble, matrix) => {
      const all = createTreeExplainer(ensemble, { mostNumbers: 100 }).contributionsOf(matrix);
      for (const row of [0, 1]) {
        const expected = shapleyByDefinition(ensemble, matrixRow(matrix, row));
        for (const [j, part] of expected.entries()) assert.ok(Math.abs(part - all[row * 6 + j]!) < 1e-9);
      }
    }),
    { numRuns: 15 },
  );
});

Deno.test("a path of twenty features is explained", () => {
  // Node 2i splits on feature i; left is a leaf, right goes on.
  const levels = 20;
  const nodes = Array.from({ length: 2 * levels + 1 }, (_, node) => node);
  const isInner = (node: number) => node % 2 === 0 && node < 2 * levels;
  const tree: Tree = {
    feature: nodes.map((node) => isInner(node) ? node / 2 : -1),
    threshold: nodes.map(() => 0.5),
    left: nodes.map((node) => isInner(node) ? node + 1 : -1),
    right: nodes.map((node) => isInner(node) ? node + 2 : -1),
    unknownLeft: nodes.map(() => 0),
    value: nodes.map((node) => isInner(node) ? 0 : node / 10),
    cover: nodes.map((node) => 2 ** (levels - Math.floor(node / 2))),
  };
  const ensemble = { bias: 0, featureCount: levels, trees: [tree] };
  const explainer = createTreeExplainer(ensemble);
  const row = new Float32Array(levels).fill(1);
  const sum = explainer.contributions(row).reduce((a, b) => a + b, explainer.expectedMargin);
  assert.ok(Math.abs(sum - treeMargin(ensemble, row)) < 1e-9);
});

Deno.test("a feature that splits twice on a path is one player", () => {
  // x0 < 10, then x0 < 5: leaves 1, 2, 4 with covers 1, 3, 4.
  const tree: Tree = {
    feature: [0, 0, -1, -1, -1],
    threshold: [10, 5, 0, 0, 0],
    left: [1, 3, -1, -1, -1],
    right: [2, 4, -1, -1, -1],
    unknownLeft: [1, 0, 0, 0, 0],
    value: [0, 0, 4, 1, 2],
    cover: [8, 4, 4, 1, 3],
  };
  const explainer = createTreeExplainer({ bias: 0.5, featureCount: 1, trees: [tree] });
  const mean = (1 * 1 + 2 * 3 + 4 * 4) / 8;
  assert.equal(explainer.expectedMargin, 0.5 + mean);
  assert.deepEqual([...explainer.contributions(Float32Array.of(3))], [1 - mean]);
  assert.deepEqual(
    [...explainer.contributions(Float32Array.of(NaN))],
    [2 - mean],
    "unknown goes left, then right",
  );
});

/** A model of four features in which interactions matter and one value in five is unknown. */
async function trained() {
  const random = createRandom(3);
  const column = () => Array.from({ length: 600 }, () => random() < 0.2 ? null : random());
  const columns: Record<string, (number | null)[]> = { a: column(), b: column(), c: column(), d: column() };
  const { a, b, c } = columns as { a: (number | null)[]; b: (number | null)[]; c: (number | null)[] };
  const labels = Uint8Array.from(
    a,
    (value, i) => ((value ?? 0.9) > 0.5) !== ((b[i] ?? 0) > 0.5 * (c[i] ?? 1)) ? 1 : 0,
  );
  const features = featureMatrix(Object.keys(columns), columns);
  return { ensemble: await trainXgboost(features, labels, { rounds: 12, maxDepth: 5 }), features };
}

/** Shapley's formula with the path-dependent expectation of Lundberg et al. 2018 (algorithm 1). */
function shapleyByDefinition({ trees, featureCount, bias }: TreeEnsemble, row: Float32Array): number[] {
  const worth = Array.from(
    { length: 2 ** featureCount },
    (_, coalition) => trees.reduce((sum, tree) => sum + expectation(tree, row, coalition), bias),
  );
  const factorial = (n: number): number => n <= 1 ? 1 : n * factorial(n - 1);
  return Array.from({ length: featureCount }, (_, j) => {
    let sum = 0;
    for (let coalition = 0; coalition < worth.length; coalition++) {
      if (coalition >> j & 1) continue;
      const size = coalition.toString(2).replaceAll("0", "").length;
      const weight = factorial(size) * factorial(featureCount - size - 1) / factorial(featureCount);
      sum += weight * (worth[coalition | 1 << j]! - worth[coalition]!);
    }
    return sum;
  });
}

function expectation(tree: Tree, row: Float32Array, coalition: number, node = 0): number {
  const feature = tree.feature[node]!;
  if (feature < 0) return tree.value[node]!;
  const [left, right] = [tree.left[node]!, tree.right[node]!];
  if (coalition >> feature & 1) {
    return expectation(tree, row, coalition, goesLeft(tree, node, row[feature]!) ? left : right);
  }
  return (tree.cover[left]! * expectation(tree, row, coalition, left) +
    tree.cover[right]! * expectation(tree, row, coalition, right)) / tree.cover[node]!;
}
