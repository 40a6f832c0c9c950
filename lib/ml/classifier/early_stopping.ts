import { valueAt } from "../vectors.ts";
import { logLoss } from "../evaluation/metrics.ts";
import { checkFeatureNames, type FeatureMatrix, matrixRow } from "./matrix.ts";
import type { TreeClassifier } from "./xgboost/train.ts";
import { goesLeft, sigmoid } from "./xgboost/trees.ts";

/** Where boosting is best stopped. */
export interface EarlyStop {
  /** Trees to keep, at least 1. */
  rounds: number;
  /** Log-loss on the validation rows with so many trees. */
  logLoss: number;
  /** Log-odds of each validation row with so many trees. */
  logOdds: Float64Array;
}

/** Looked at every so many trees: neighbours differ by less than chance. */
const EVERY = 5;

/**
 * The number of trees with the least log-loss on rows that the trees have not seen. Trees are added one by one, so an
 * ensemble cut to so many is the one whose training was stopped there (Hastie, Tibshirani and Friedman 2009, The Elements
 * of Statistical Learning, section 10.12.1).
 *
 * @param validation Of a later period than the training.
 * @throws {ModelError} when the features are others, or labels and rows differ in number.
 */
export function bestRounds(
  { ensemble, featureNames }: TreeClassifier,
  validation: FeatureMatrix,
  labels: Uint8Array,
): EarlyStop {
  checkFeatureNames(featureNames, validation.names);
  const logOdds = new Float64Array(validation.rows).fill(ensemble.bias);
  let best: EarlyStop | undefined;
  for (const [index, tree] of ensemble.trees.entries()) {
    for (let row = 0; row < validation.rows; row++) {
      const values = matrixRow(validation, row);
      let node = 0;
      for (let feature = valueAt(tree.feature, 0); feature >= 0; feature = valueAt(tree.feature, node)) {
        node = valueAt(goesLeft(tree, node, valueAt(values, feature)) ? tree.left : tree.right, node);
      }
      logOdds[row]! += valueAt(tree.value, node);
    }
    const rounds = index + 1;
    if (rounds % EVERY !== 0 && rounds !== ensemble.trees.length) continue;
    const loss = logLoss(labels, logOdds.map(sigmoid));
    if (best === undefined || loss < best.logLoss) best = { rounds, logLoss: loss, logOdds: logOdds.slice() };
  }
  return best ?? { rounds: 1, logLoss: Infinity, logOdds };
}
