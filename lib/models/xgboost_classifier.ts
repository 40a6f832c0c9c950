import { type Classifier, type ClassifierTrainer, readModelJson, writeModelJson } from "./classifier.ts";
import { checkFeatureNames, matrixRow } from "./feature_matrix.ts";
import { margin, sigmoid, type TreeEnsemble } from "./tree_ensemble.ts";
import { trainXgboost, type XgboostOptions } from "./xgboost_training.ts";

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

function treeClassifier(featureNames: string[], ensemble: TreeEnsemble): TreeClassifier {
  return {
    featureNames,
    ensemble,
    predict(features) {
      checkFeatureNames(featureNames, features.names);
      return Float64Array.from(
        { length: features.rows },
        (_, row) => sigmoid(margin(ensemble, matrixRow(features, row))),
      );
    },
    save: () => ({
      [FILE]: writeModelJson<SavedTrees>({ format: FORMAT, featureNames, ensemble }),
    }),
  };
}
