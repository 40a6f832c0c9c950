import { type FeatureMatrix, matrixRow } from "./feature_matrix.ts";
import { createTreeExplainer } from "./tree_shap.ts";
import type { TreeClassifier } from "./xgboost_classifier.ts";

/** How much a feature moves predictions. */
export interface FeatureInfluence {
  feature: string;
  /** Mean size of its contribution, in log-odds. */
  meanContribution: number;
}

/**
 * The features by their mean absolute SHAP value over the rows, strongest first.
 *
 * @param options.sample At most so many rows, evenly spaced, are looked at; default 2000.
 */
export function featureInfluence(
  { ensemble, featureNames }: TreeClassifier,
  features: FeatureMatrix,
  { sample = 2000 }: { sample?: number } = {},
): FeatureInfluence[] {
  const explainer = createTreeExplainer(ensemble);
  const rows = Math.min(sample, features.rows);
  const total = new Float64Array(featureNames.length);
  for (let i = 0; i < rows; i++) {
    const contributions = explainer.contributions(matrixRow(features, Math.floor(i * features.rows / rows)));
    for (const [j, contribution] of contributions.entries()) total[j]! += Math.abs(contribution);
  }
  return featureNames.map((feature, j) => ({ feature, meanContribution: rows === 0 ? 0 : total[j]! / rows }))
    .sort((a, b) => b.meanContribution - a.meanContribution);
}
