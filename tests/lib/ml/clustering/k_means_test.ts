/** Results of scikit-learn 1.9.1 on Fisher's iris flowers (its `load_iris`): KMeans(n_init=50, tol=0), GaussianMixture(tol=1e-9). */
import { pointsOf, standardise } from "shopflow/ml/clustering/mod.ts";
import { bootstrapStability, chooseClusters } from "../../../../lib/ml/clustering/choose_k.ts";
import { gaussianMixture } from "../../../../lib/ml/clustering/gaussian_mixture.ts";
import { kMeans } from "../../../../lib/ml/clustering/k_means.ts";
import { adjustedRandIndex, silhouette } from "../../../../lib/ml/clustering/quality.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";

const text = await Deno.readTextFile(join(import.meta.dirname!, "..", "..", "..", "fixtures", "iris.csv"));
const flowers = text.trim().split("\n").map((line) => line.split(",").map(Number));
const iris = pointsOf([0, 1, 2, 3].map((column) => flowers.map((flower) => flower[column]!)));
const species = flowers.map((flower) => flower[4]!);

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected} ± ${tolerance}`);

Deno.test("k-means, silhouette and adjusted Rand index equal scikit-learn's", () => {
  const expected = [
    [2, 152.3479517603579, 0.6810461692117462, 0.5399218294207123],
    [3, 78.851441426146, 0.5528190123564095, 0.7302382722834697],
    [4, 57.22847321428572, 0.49805049500728737, 0.6498176853819967],
  ] as const;
  for (const [k, inertia, width, index] of expected) {
    const found = kMeans(iris, k, { seed: 3, restarts: 30 });
    near(found.inertia, inertia, 1e-9);
    // scikit-learn takes distances from dot products, which cost digits.
    near(silhouette(iris, found.labels), width, 1e-7);
    near(adjustedRandIndex(species, found.labels), index, 1e-9);
  }
});

Deno.test("mixtures of normals equal scikit-learn's, and BIC chooses two of iris, as published", () => {
  const expected = [[2, -214.3547045959773, 574.017832720746, 0.5681159420289855], [
    3,
    -180.18547763859632,
    580.8389082174278,
    0.9038742317748124,
  ]] as const;
  for (const [k, logLikelihood, bic, index] of expected) {
    const found = gaussianMixture(iris, k, { leastGain: 1e-9, maxIterations: 5000 });
    near(found.logLikelihood, logLikelihood, 1e-3);
    near(found.bic, bic, 1e-2);
    near(adjustedRandIndex(species, found.labels), index, 1e-9);
    assert.ok(found.converged);
  }
});

Deno.test("the same seed gives the same clusters, in the order of their centres", () => {
  const [a, b] = [kMeans(iris, 3, { seed: 5 }), kMeans(iris, 3, { seed: 5 })];
  assert.deepEqual(a, b);
  const firsts = [0, 1, 2].map((cluster) => a.centres.values[cluster * 4]!);
  assert.deepEqual(firsts, firsts.toSorted((x, y) => x - y));
});

Deno.test("three well separated groups are found, come again and are said to", () => {
  const points = blobs([[0, 0], [8, 0], [0, 8]], 60, 0.5);
  const { chosen, reason, clustering } = chooseClusters(points, { ks: [2, 3, 4, 5], draws: 8 });
  assert.equal(chosen.k, 3);
  assert.ok(chosen.stability.randIndex > 0.99 && Math.min(...chosen.stability.jaccards) > 0.99);
  assert.match(reason, /^3 clusters have the highest silhouette/);
  assert.deepEqual(
    Array.from({ length: 3 }, (_, i) => clustering.labels.filter((label) => label === i).length),
    [
      60,
      60,
      60,
    ],
  );
});

Deno.test("groups in noise do not come again, and the reason says so", () => {
  const random = createRandom(1, "noise");
  const columns = Array.from({ length: 6 }, () => Array.from({ length: 120 }, () => random()));
  const { chosen, reason } = chooseClusters(standardise(pointsOf(columns)), { ks: [5, 6, 7], draws: 10 });
  assert.ok(chosen.stability.randIndex < 0.8);
  assert.match(reason, /not to be relied on/);
});

Deno.test("a cluster that is cut through is the unstable one", () => {
  const compact = blobs([[0, 0]], 60, 0.5), wide = blobs([[20, 0]], 200, 2);
  const values = Float64Array.from([...compact.values, ...wide.values]);
  const points = { rows: 260, columns: 2, values };
  const { jaccards } = bootstrapStability(points, kMeans(points, 3), { draws: 15 });
  const [least, middle, most] = jaccards.toSorted((a, b) => a - b);
  assert.ok(most! > 0.99, "the whole one comes again");
  assert.ok(least! < 0.9 && middle! < 0.9, "its halves do not");
});

Deno.test("constant columns, equal points and wrong input", () => {
  const constant = standardise(pointsOf([[1, 2, 3], [7, 7, 7]]));
  assert.deepEqual([...constant.values].map((value) => Number(value.toFixed(4))), [
    -1.2247,
    0,
    0,
    0,
    1.2247,
    0,
  ]);
  const equal = kMeans(pointsOf([[2, 2, 2, 2]]), 2);
  assert.equal(equal.inertia, 0);
  assert.throws(() => kMeans(iris, 0), /Invalid number of clusters.*1 to 150/);
  assert.throws(() => kMeans(iris, 151), { name: "InputError" });
  assert.throws(() => pointsOf([[1, NaN]]), /finite numbers/);
  assert.throws(() => pointsOf([[1, 2], [1]]), /columns of 2 values/);
  assert.throws(() => silhouette(iris, new Int32Array(150)), /two clusters/);
});

Deno.test("the adjusted Rand index is 1 for renamed groups and near 0 by chance", () => {
  assert.equal(adjustedRandIndex([0, 0, 1, 1, 2], [5, 5, 3, 3, 9]), 1);
  // The example of scikit-learn's documentation.
  near(adjustedRandIndex([0, 0, 1, 2], [0, 0, 1, 1]), 0.5714285714285714, 1e-12);
  assert.equal(adjustedRandIndex([0, 0, 0], [1, 1, 1]), 1);
  assert.throws(() => adjustedRandIndex([0], [0, 1]), { name: "InputError" });
});

/** Round clouds of points around centres. */
function blobs(centres: number[][], each: number, sd: number) {
  const random = createRandom(2, "blobs");
  const normal = () => sd * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows = centres.flatMap((centre) =>
    Array.from({ length: each }, () => centre.map((value) => value + normal()))
  );
  return pointsOf(centres[0]!.map((_, column) => rows.map((row) => row[column]!)));
}
