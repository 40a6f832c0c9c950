import assert from "node:assert/strict";
import fc from "fast-check";
import { type FeatureMatrix, featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import {
  createBatchScorer,
  scalarMargins,
  SCORING_WAYS,
  type ScoringWay,
} from "../../../../../../lib/ml/classifier/xgboost/scoring/margins.ts";
import type { Tree, TreeEnsemble } from "../../../../../../lib/ml/classifier/xgboost/trees.ts";
import { anyModel, anyRows, AWKWARD } from "../../../../../fixtures/random_trees.ts";

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const double = fc.double({ min: -10, max: 10, noNaN: true });

for (
  const [name, depth, leaf] of [["floats", 3, float], ["floats", 6, float], ["doubles", 4, double], [
    "doubles",
    8,
    double,
  ]] as const
) {
  Deno.test(`every way gives the same bits: any trees of up to ${depth} levels, leaves that are ${name}`, () => {
    const shape = { features: 3, depth, numbers: AWKWARD, leaf };
    fc.assert(
      fc.property(anyModel(shape), anyRows(shape, fc.constantFrom(0, 1, 15, 16, 17, 70)), assertSameBits),
      { numRuns: 60 },
    );
  });
}

Deno.test("rows fill blocks of 256 or do not, and leave nothing behind for the next call", () => {
  const ensemble = randomModel({ features: 5, trees: 20, depth: 3, thresholds: 40 });
  const matrix = randomRows(5, 1000);
  for (const rows of [1, 255, 256, 257, 511, 512, 513, 1000]) {
    assertSameBits(ensemble, { ...matrix, rows, values: matrix.values.subarray(0, rows * 5) });
  }
});

for (const thresholds of [254, 255, 256, 400, 5000]) {
  Deno.test(`a feature with about ${thresholds} thresholds`, () => {
    const ensemble = randomModel({ features: 1, trees: thresholds / 2, depth: 5, thresholds });
    assertSameBits(ensemble, randomRows(1, 1000));
  });
}

Deno.test("126 thresholds fit into seven bits, 255 into a byte, and the highest value is told from an unknown one", () => {
  for (const count of [126, 127, 255, 256]) {
    const trees = Array.from({ length: count }, (_, i) => stump(i, i % 2));
    const values = Float32Array.from({ length: 300 }, (_, i) => i === 299 ? NaN : i - 20);
    assertSameBits({ bias: 0, featureCount: 1, trees }, { names: ["x"], rows: 300, values });
  }
});

Deno.test("more features than a byte counts, of which the trees use some", () => {
  const ensemble = randomModel({ features: 700, trees: 50, depth: 4, thresholds: 20 });
  assertSameBits(ensemble, randomRows(700, 300));
});

Deno.test("heavy tails, where thresholds crowd at one end, are told apart", () => {
  const numbers = Array.from({ length: 200 }, (_, i) => 1.2 ** i);
  const trees = numbers.map((threshold, i) => stump(threshold, i % 2));
  const near = numbers.flatMap((x) => [x, x * (1 - 2 ** -23), x * (1 + 2 ** -22)]);
  const matrix = { names: ["x"], rows: near.length, values: Float32Array.from(near) };
  assertSameBits({ bias: 0.5, featureCount: 1, trees }, matrix);
});

Deno.test("no trees, a single leaf, and trees deeper than SIMD takes", () => {
  const matrix = randomRows(2, 100);
  assertSameBits({ bias: 0.25, featureCount: 2, trees: [] }, matrix);
  const leaf = randomModel({ features: 2, trees: 1, depth: 0, thresholds: 1 });
  assertSameBits(leaf, matrix);
  const deep = randomModel({ features: 2, trees: 3, depth: 11, thresholds: 50 });
  assert.equal(createBatchScorer(deep, 2).way, "scalar");
  assertSameBits(deep, matrix);
});

Deno.test("without SIMD the plain way is taken, and without both the scalar one", () => {
  const ensemble = randomModel({ features: 2, trees: 3, depth: 3, thresholds: 5 });
  const wayOf = (ways: ScoringWay[]) => createBatchScorer(ensemble, 2, { ways }).way;
  assert.equal(createBatchScorer(ensemble, 2).way, "simd");
  assert.equal(wayOf(["plain", "scalar"]), "plain");
  assert.equal(wayOf(["scalar"]), "scalar");
});

Deno.test("a runtime without SIMD takes the plain way", () => {
  const ensemble = randomModel({ features: 2, trees: 3, depth: 3, thresholds: 5 });
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    assert.equal(createBatchScorer(ensemble, 2).way, "plain");
  } finally {
    WebAssembly.validate = validate;
  }
});

Deno.test("rows with too few features are refused", () => {
  const ensemble = randomModel({ features: 9, trees: 5, depth: 4, thresholds: 5 });
  assert.throws(() => createBatchScorer(ensemble, 3), {
    name: "ModelError",
    message: /too few features for the trees: expected at least \d features, found 3/,
  });
});

Deno.test("a trained classifier predicts many rows as it does one", async () => {
  const random = createRandom(11);
  const column = () => Array.from({ length: 700 }, () => random() < 0.1 ? null : random());
  const columns = { a: column(), b: column() };
  const labels = Uint8Array.from(columns.a, (value) => (value ?? 0.7) + 0.3 * random() > 0.6 ? 1 : 0);
  const features = featureMatrix(["a", "b"], columns);
  const model = await xgboostTrainer({ rounds: 30, maxDepth: 5, minChildWeight: 1 }).fit(features, labels);
  const all = model.predict(features);
  for (const row of [0, 5, 699]) {
    const values = features.values.subarray(row * 2, row * 2 + 2);
    assert.equal(all[row], model.predict({ ...features, rows: 1, values })[0]);
  }
});

function assertSameBits(ensemble: TreeEnsemble, matrix: FeatureMatrix): void {
  const expected = scalarMargins(ensemble, matrix);
  for (const way of SCORING_WAYS) {
    const scorer = createBatchScorer(ensemble, matrix.names.length, { ways: [way] });
    // A second call finds what the first has left behind.
    for (let call = 0; call < 2; call++) {
      const found = scorer.margins(matrix);
      assert.equal(found.length, matrix.rows);
      for (const [row, margin] of found.entries()) {
        assert.ok(Object.is(margin, expected[row]), `${way}, row ${row}: ${margin}, not ${expected[row]}`);
      }
    }
  }
}

function stump(threshold: number, unknownLeft: number): Tree {
  return {
    feature: [0, -1, -1],
    threshold: [threshold, 0, 0],
    left: [1, -1, -1],
    right: [2, -1, -1],
    unknownLeft: [unknownLeft, 0, 0],
    value: [0, -Math.fround(0.1 * threshold), Math.fround(0.3)],
    cover: [2, 1, 1],
  };
}

/** Full trees that split on random features at so many different thresholds from 0 to 1. */
function randomModel(
  { features, trees, depth, thresholds }: {
    features: number;
    trees: number;
    depth: number;
    thresholds: number;
  },
): TreeEnsemble {
  const random = createRandom(thresholds);
  const inner = 2 ** depth - 1;
  const nodes = Array.from({ length: 2 * inner + 1 }, (_, node) => node);
  const made = Array.from({ length: trees }, (): Tree => ({
    feature: nodes.map((node) => node < inner ? Math.floor(random() * features) : -1),
    threshold: nodes.map(() => Math.floor(random() * thresholds) / thresholds),
    left: nodes.map((node) => node < inner ? 2 * node + 1 : -1),
    right: nodes.map((node) => node < inner ? 2 * node + 2 : -1),
    unknownLeft: nodes.map(() => random() < 0.5 ? 1 : 0),
    value: nodes.map((node) => node < inner ? 0 : Math.fround(random() - 0.5)),
    cover: nodes.map((node) => 1000 / 2 ** Math.floor(Math.log2(node + 1))),
  }));
  return { bias: 0.1, featureCount: features, trees: made };
}

function randomRows(features: number, rows: number): FeatureMatrix {
  const random = createRandom(rows);
  const values = Float32Array.from(
    { length: rows * features },
    () => random() < 0.1 ? NaN : Math.round(random() * 1100) / 1000 - 0.05,
  );
  return { names: Array.from({ length: features }, (_, j) => `x${j}`), rows, values };
}
