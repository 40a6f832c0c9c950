import { ModelError } from "shopflow/errors/mod.ts";
import { mean } from "../../vectors.ts";
import {
  checkFeatureNames,
  checkTrainingData,
  type Classifier,
  type ClassifierTrainer,
  type FeatureMatrix,
  readModelJson,
  writeModelJson,
} from "../matrix.ts";
import { type BatchScorer, createBatchScorer, scalarMargins } from "./scoring/margins.ts";
import { type Objective, readXgboostModel, sigmoid, type TreeEnsemble } from "./trees.ts";
import type { XgboostTask } from "./engine.ts";
import type { WorkerAnswer } from "./worker.ts";

/** How trees are grown; names and meanings are those of XGBoost's documentation. */
export interface XgboostOptions {
  /** Number of trees. */
  rounds: number;
  maxDepth: number;
  /** Learning rate. */
  eta: number;
  /** Least sum of Hessians of a leaf. */
  minChildWeight: number;
  /** Share of the rows each tree sees. */
  subsample: number;
  /** Share of the features each tree sees. */
  colsampleByTree: number;
  /** L2 penalty on leaf values. */
  lambda: number;
  /** `hist` bins the features first; the library's own default is `auto`, several times slower. */
  treeMethod: "hist" | "exact" | "auto";
  /** Most bins of a feature with `hist`. */
  maxBin: number;
  seed: number;
}

/**
 * Small trees learned slowly: with hundreds to thousands of customers, deeper ones fit noise. 64 bins, and not the
 * library's 256, take a sixth less time and rank as well (`deno task bench trees`).
 */
export const XGBOOST_DEFAULTS: XgboostOptions = {
  rounds: 200,
  maxDepth: 3,
  eta: 0.03,
  minChildWeight: 20,
  subsample: 0.8,
  colsampleByTree: 0.8,
  lambda: 1,
  treeMethod: "hist",
  maxBin: 64,
  seed: 0,
};

/**
 * Trains gradient-boosted trees for the probability of class 1, in a Worker so that this thread stays free.
 *
 * @throws {ModelError} when nothing can be learned from the rows, an option is out of range, or XGBoost fails.
 */
export async function trainXgboost(
  features: FeatureMatrix,
  labels: Uint8Array,
  options: Partial<XgboostOptions> = {},
): Promise<TreeEnsemble> {
  return await growTrees(xgboostTask(features, labels, options), "binary:logistic");
}

async function growTrees(task: XgboostTask, objective: Objective): Promise<TreeEnsemble> {
  const answer = await runInWorker(task);
  if ("error" in answer) {
    throw new ModelError("XGBoost could not be trained", { found: answer.error });
  }
  return readXgboostModel(answer.model, objective);
}

/** What XGBoost accepts. It ends with a bare memory address when given anything else. */
const RANGES: Record<Exclude<keyof XgboostOptions, "treeMethod">, [least: number, most: number]> = {
  rounds: [1, 100_000],
  // A tree of 16 levels has up to 65,536 leaves; no shop's data needs more.
  maxDepth: [1, 16],
  eta: [0, 1],
  minChildWeight: [0, Infinity],
  subsample: [Number.MIN_VALUE, 1],
  colsampleByTree: [Number.MIN_VALUE, 1],
  lambda: [0, Infinity],
  maxBin: [2, 65_536],
  seed: [0, 2 ** 31 - 1],
};

/** A training as the engine takes it; throws as {@linkcode trainXgboost} does. */
export function xgboostTask(
  features: FeatureMatrix,
  labels: Uint8Array,
  options: Partial<XgboostOptions> = {},
): XgboostTask {
  checkTrainingData(features, labels);
  return taskOf(features, labels, options, "binary:logistic");
}

function taskOf(
  features: FeatureMatrix,
  labels: XgboostTask["labels"],
  options: Partial<XgboostOptions>,
  objective: Objective,
): XgboostTask {
  const all = { ...XGBOOST_DEFAULTS, ...options };
  checkOptions(all);
  return {
    rows: features.rows,
    columns: features.names.length,
    values: features.values,
    labels,
    rounds: all.rounds,
    parameters: {
      booster: "gbtree",
      objective,
      tree_method: all.treeMethod,
      max_bin: String(all.maxBin),
      max_depth: String(all.maxDepth),
      eta: String(all.eta),
      min_child_weight: String(all.minChildWeight),
      subsample: String(all.subsample),
      colsample_bytree: String(all.colsampleByTree),
      lambda: String(all.lambda),
      seed: String(all.seed),
      silent: "1",
    },
  };
}

function checkOptions(options: XgboostOptions): void {
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (value >= least && value <= most) continue;
    throw new ModelError(`XGBoost's ${name} is out of range`, {
      expected: `a number from ${least} to ${most}`,
      found: String(value),
    });
  }
}

async function runInWorker(task: XgboostTask): Promise<WorkerAnswer> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<WorkerAnswer>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => resolve(data);
      worker.onerror = (event) => {
        // Handled here: an unhandled error of a Worker ends the whole program.
        event.preventDefault();
        resolve({ error: event.message });
      };
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}

const FILE = "trees.json";
const FORMAT = "shopflow-trees-1";

interface SavedTrees {
  format: typeof FORMAT;
  featureNames: string[];
  ensemble: TreeEnsemble;
}

/** A classifier whose trees can be looked into. */
export interface TreeClassifier extends Classifier {
  readonly ensemble: TreeEnsemble;
  /**
   * Log-odds of class 1, one a row; many rows in the fastest way there is.
   *
   * @throws {ModelError} when the features are not those of the fit.
   */
  margins(features: FeatureMatrix): Float64Array;
}

/** Gradient-boosted trees, grown by XGBoost and scored in TypeScript. */
export function xgboostTrainer(options: Partial<XgboostOptions> = {}): ClassifierTrainer<TreeClassifier> {
  return {
    name: "xgboost",
    async fit(features, labels, { seed = options.seed } = {}) {
      const ensemble = await trainXgboost(
        features,
        labels,
        seed === undefined ? options : { ...options, seed },
      );
      return treeClassifier([...features.names], ensemble);
    },
    load: loadTreeClassifier,
  };
}

/** @throws {ModelError} when the files are not those of a saved tree classifier. */
export function loadTreeClassifier(files: Record<string, Uint8Array>): TreeClassifier {
  const { featureNames, ensemble } = readModelJson<SavedTrees>(files, FILE, FORMAT);
  return treeClassifier(featureNames, ensemble);
}

/** So few rows walk the trees sooner than these are prepared. */
const FEW_ROWS = 64;

/** Margins of rows: a scorer of blocks is built when there are rows enough to pay for it. */
function marginsBy(ensemble: TreeEnsemble, columns: number): (features: FeatureMatrix) => Float64Array {
  let batch: BatchScorer | undefined;
  return (features) =>
    features.rows <= FEW_ROWS
      ? scalarMargins(ensemble, features)
      : (batch ??= createBatchScorer(ensemble, columns)).margins(features);
}

function treeClassifier(featureNames: string[], ensemble: TreeEnsemble): TreeClassifier {
  const marginsOf = marginsBy(ensemble, featureNames.length);
  const margins = (features: FeatureMatrix) => {
    checkFeatureNames(featureNames, features.names);
    return marginsOf(features);
  };
  return {
    featureNames,
    ensemble,
    margins,
    predict: (features) => margins(features).map(sigmoid),
    save: () => ({
      [FILE]: writeModelJson<SavedTrees>({ format: FORMAT, featureNames, ensemble }),
    }),
  };
}

/** Expected values by trees, one a row. */
export interface TreeRegressor {
  /** @throws {ModelError} when the features are not those of the fit. */
  predict(features: FeatureMatrix): Float64Array;
}

/**
 * Trains gradient-boosted trees for the mean of a number (XGBoost's squared error), in a Worker. Targets are centred and
 * scaled first, so that options mean the same in every unit. If all targets are equal, it predicts that value.
 *
 * @throws {ModelError} when there are no rows, a target is not finite, an option is out of range, or XGBoost fails.
 */
export async function fitTreeRegressor(
  features: FeatureMatrix,
  targets: Float64Array,
  options: Partial<XgboostOptions> = {},
): Promise<TreeRegressor> {
  if (features.rows === 0 || targets.length !== features.rows || !targets.every(Number.isFinite)) {
    throw new ModelError("There is nothing to learn from", {
      expected: "rows with a finite target each",
      found: `${features.rows} rows, ${targets.filter(Number.isFinite).length} finite targets`,
    });
  }
  const names = [...features.names];
  const center = mean(targets);
  const scale = Math.sqrt(mean(targets.map((target) => (target - center) ** 2)));
  const standard = Float32Array.from(targets, (target) => scale === 0 ? 0 : (target - center) / scale);
  const task = taskOf(features, standard, options, "reg:linear");
  const marginsOf = marginsBy(await growTrees(task, "reg:linear"), names.length);
  return {
    predict(rows) {
      checkFeatureNames(names, rows.names);
      return marginsOf(rows).map((margin) => center + scale * margin);
    },
  };
}
