import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { createTreeExplainer, featureMatrix, matrixRow, treeMargin } from "shopflow/ml/classifier/mod.ts";
import { goesLeft, type Tree, type TreeEnsemble } from "../../../../../lib/ml/classifier/xgboost/trees.ts";
import { trainXgboost } from "../../../../../lib/ml/classifier/xgboost/train.ts";

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
