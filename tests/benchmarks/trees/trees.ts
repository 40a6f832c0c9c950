/**
 * Scores, explanations and training of gradient-boosted trees beside Python's XGBoost with one thread, in turns: the same
 * trees, rows and minutes. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_XGBOOST` names the Python; `SHOPFLOW_TEST_ROUNDS` (5) is how often each is measured.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { auc } from "shopflow/ml/evaluation/mod.ts";
import {
  createTreeExplainer,
  type FeatureMatrix,
  sigmoid,
  type TreeClassifier,
  XGBOOST_DEFAULTS,
  xgboostTrainer,
} from "shopflow/ml/classifier/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { cpuUsage } from "node:process";
import {
  createBatchScorer,
  scalarMargins,
  type ScoringWay,
} from "../../../lib/ml/classifier/xgboost/scoring/margins.ts";
import { readXgboostJson } from "../../fixtures/xgboost_json.ts";
import { type PythonPeer, startPythonPeer } from "./python_peer.ts";

const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 5);
const ROWS = 100_000;
const FEATURES = 33;
const TRAINING_ROWS = 50_000;
const { rounds, eta, minChildWeight, subsample, colsampleByTree, lambda } = XGBOOST_DEFAULTS;
/** Rows that are explained: fewer for deep trees, for which the peer takes a thousandth of a second each. */
const EXPLAINED: Record<number, number> = { 3: 20_000, 6: 4000 };

interface Data {
  features: FeatureMatrix;
  labels: Uint8Array;
  folder: string;
}

/** Rows like a shop's: counts, money with a heavy tail, shares and numbers around 0, one value in twenty unknown. */
async function makeData(folder: string): Promise<Data> {
  const random = createRandom(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = new Float32Array(ROWS * FEATURES);
  const labels = new Uint8Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    const own = Array.from({ length: FEATURES }, normal);
    const [a, b, c, d, e] = own as [number, number, number, number, number];
    labels[row] = a + b * c + 0.5 * d - 0.3 * e + normal() > 0.5 ? 1 : 0;
    for (const [j, x] of own.entries()) {
      const value = j % 4 === 0 ? Math.floor(5 * Math.exp(x)) : j % 4 === 1 ? 10 * Math.exp(2 * x) : x;
      values[row * FEATURES + j] = random() < 0.05 ? NaN : j % 4 === 2 ? sigmoid(x) : value;
    }
  }
  await Deno.writeFile(join(folder, "values"), new Uint8Array(values.buffer));
  await Deno.writeFile(
    join(folder, "training"),
    new Uint8Array(values.buffer, 0, 4 * TRAINING_ROWS * FEATURES),
  );
  await Deno.writeFile(join(folder, "labels"), labels.subarray(0, TRAINING_ROWS));
  const names = Array.from({ length: FEATURES }, (_, j) => `x${j}`);
  return { features: { names, rows: ROWS, values }, labels, folder };
}

const firstRows = (features: FeatureMatrix, rows: number): FeatureMatrix => ({
  ...features,
  rows,
  values: features.values.subarray(0, rows * FEATURES),
});

/** CPU seconds of all threads of this process, those of Workers and of the compiler among them. */
async function cpuSeconds(work: () => unknown): Promise<number> {
  const before = cpuUsage();
  await work();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1e6;
}

async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array((await Deno.readFile(path)).buffer);
}

/** The largest difference between numbers that should be equal. */
function largest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < ours.length; i++) most = Math.max(most, Math.abs(ours[i]! - theirs[i]!));
  return most;
}

interface Line {
  name: string;
  /** The least CPU seconds of the peer and of ours. */
  peer: number;
  ours: number;
  aim: string;
  difference: string;
}

async function benchScoring(peer: PythonPeer, data: Data, depth: number, aims: Record<ScoringWay, string>) {
  const { features, folder } = data;
  const model = join(folder, `model${depth}.json`);
  const name = `depth ${depth}`;
  const parameters = {
    ...{ max_depth: depth, eta, min_child_weight: minChildWeight },
    ...{ subsample, colsample_bytree: colsampleByTree, lambda, seed: 0 },
  };
  const columns = FEATURES;
  const training = { values: join(folder, "training"), labels: join(folder, "labels") };
  await peer.ask({ command: "train", name, model, columns, rounds, parameters, ...training });
  const ensemble = await readXgboostJson(model);
  const to = join(folder, "answer");
  const ways: ScoringWay[] = ["simd", "plain", "scalar"];
  const expected = scalarMargins(ensemble, features);
  const best = { peer: Infinity, simd: Infinity, plain: Infinity, scalar: Infinity };
  let probabilities = new Float64Array(0);
  for (let round = 0; round < ROUNDS; round++) {
    const seconds = await peer.ask({ command: "predict", name, values: join(folder, "values"), columns, to });
    best.peer = Math.min(best.peer, seconds);
    for (const way of ways) {
      let margins = new Float64Array(0);
      const ours = await cpuSeconds(() => {
        // As in the application: the trees are prepared, and log-odds become probabilities.
        margins = createBatchScorer(ensemble, FEATURES, { ways: [way] }).margins(features) as typeof margins;
        probabilities = margins.map(sigmoid);
      });
      best[way] = Math.min(best[way], ours);
      if (margins.some((margin, row) => !Object.is(margin, expected[row]))) {
        throw new InputError(`The way ${way} differs from the scalar one`, { found: name });
      }
    }
  }
  const difference = largest(probabilities, await readFloats(to)).toExponential(1);
  const lines: Line[] = ways.map((way) => ({
    name: `scores, ${name}, ${way}`,
    peer: best.peer,
    ours: best[way],
    aim: aims[way],
    difference: `${difference}; same bits as scalar`,
  }));
  return { lines: [...lines, await benchExplaining(peer, data, depth)] };
}

async function benchExplaining(peer: PythonPeer, { features, folder }: Data, depth: number): Promise<Line> {
  const rows = firstRows(features, EXPLAINED[depth]!);
  const ensemble = await readXgboostJson(join(folder, `model${depth}.json`));
  const values = join(folder, "explained"), to = join(folder, "answer");
  await Deno.writeFile(values, new Uint8Array(rows.values.slice().buffer));
  const request = { command: "explain", name: `depth ${depth}`, values, columns: FEATURES, to };
  let [theirs, ours] = [Infinity, Infinity];
  let found = new Float64Array(0), expectedMargin = 0;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = Math.min(theirs, await peer.ask(request));
    const seconds = await cpuSeconds(() => {
      // With its tables, which the application makes once a model.
      const explainer = createTreeExplainer(ensemble);
      found = explainer.contributionsOf(rows) as typeof found;
      expectedMargin = explainer.expectedMargin;
    });
    ours = Math.min(ours, seconds);
  }
  const answer = await readFloats(to);
  const withoutMean = Float32Array.from(found, (_, i) => {
    const row = Math.floor(i / FEATURES);
    return answer[row * (FEATURES + 1) + i % FEATURES]!;
  });
  const margins = scalarMargins(ensemble, rows);
  const sums = margins.map((_, row) =>
    found.subarray(row * FEATURES, (row + 1) * FEATURES).reduce((a, b) => a + b, expectedMargin)
  );
  const theirSums = margins.map((_, row) =>
    answer.subarray(row * (FEATURES + 1), (row + 1) * (FEATURES + 1)).reduce((a, b) => a + b, 0)
  );
  return {
    name: `TreeSHAP, depth ${depth}`,
    peer: theirs,
    ours,
    aim: "5",
    difference: `${
      (largest(found, withoutMean) / largest(found, new Float64Array(found.length))).toExponential(1)
    } of the largest contribution; sums to the margin within ${
      largest(sums, margins).toExponential(1)
    }, the peer's within ${largest(theirSums, margins).toExponential(1)}`,
  };
}

async function benchTraining(peer: PythonPeer, { features, labels, folder }: Data): Promise<Line> {
  const training = firstRows(features, TRAINING_ROWS);
  const parameters = {
    ...{ max_depth: XGBOOST_DEFAULTS.maxDepth, eta, min_child_weight: minChildWeight },
    ...{ subsample, colsample_bytree: colsampleByTree, lambda, seed: 0 },
  };
  const request = { command: "train", name: "training", model: join(folder, "training.json"), rounds };
  const files = { values: join(folder, "training"), labels: join(folder, "labels"), columns: FEATURES };
  const test = features.values.subarray(TRAINING_ROWS * FEATURES);
  const testRows: FeatureMatrix = { ...features, rows: ROWS - TRAINING_ROWS, values: test };
  const testLabels = labels.subarray(TRAINING_ROWS);
  let [theirs, ours] = [Infinity, Infinity];
  let model: TreeClassifier | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = Math.min(theirs, await peer.ask({ ...request, ...files, parameters }));
    const seconds = await cpuSeconds(async () => {
      model = await xgboostTrainer().fit(training, labels.subarray(0, TRAINING_ROWS));
    });
    ours = Math.min(ours, seconds);
  }
  const to = join(folder, "answer");
  await peer.ask({
    command: "predict",
    name: "training",
    values: join(folder, "values"),
    columns: FEATURES,
    to,
  });
  const answer = Float64Array.from((await readFloats(to)).subarray(TRAINING_ROWS));
  return {
    name: `training, ${rounds} trees of depth ${XGBOOST_DEFAULTS.maxDepth} on ${TRAINING_ROWS} rows`,
    peer: theirs,
    ours,
    aim: (1 / 2.6).toFixed(2),
    difference: `AUC ${auc(testLabels, model!.predict(testRows)).toFixed(4)} and ${
      auc(testLabels, answer).toFixed(4)
    }`,
  };
}

const milliseconds = (seconds: number) => `${(1000 * seconds).toPrecision(3)} ms`;

async function main(): Promise<void> {
  await using peer = await startPythonPeer(Deno.env.get("SHOPFLOW_TEST_XGBOOST") ?? "");
  const folder = await Deno.makeTempDir({ prefix: "shopflow_trees_" });
  try {
    const data = await makeData(folder);
    const lines: Line[] = [];
    const aims = { 3: { simd: "5", plain: "1.2", scalar: "" }, 6: { simd: "3", plain: "1.2", scalar: "" } };
    for (const depth of [3, 6] as const) {
      console.error(`scores and explanations of trees of depth ${depth}`);
      lines.push(...(await benchScoring(peer, data, depth, aims[depth])).lines);
    }
    console.error("training");
    lines.push(await benchTraining(peer, data));
    const rows = lines.map(({ name, peer, ours, aim, difference }) =>
      `| ${name} | ${milliseconds(peer)} | ${milliseconds(ours)} | ${
        (peer / ours).toFixed(2)
      } | ${aim} | ${difference} |`
    );
    console.log(`## Trees beside XGBoost

Python's XGBoost ${peer.version} with one thread and ours, in turns: ${rounds} trees, ${FEATURES} features, 5 % unknown;
${ROWS} rows are scored (\`inplace_predict\`), ${EXPLAINED[3]} and ${
      EXPLAINED[6]
    } explained (\`pred_contribs\`). CPU time of all
threads, the least of ${ROUNDS} rounds; ours compiles its modules and fills its tables each time. The difference is the largest
to the peer's numbers, which are floats.

| | Python | ours | times as fast | aim | difference |
| --- | ---: | ---: | ---: | ---: | --- |
${rows.join("\n")}
`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runCommand(main);
