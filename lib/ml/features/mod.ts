/** As-of features: declared once, computed for any date, cached by snapshot and date, checked for what leaks. */
export {
  type AsOfTable,
  countText,
  defineFeatures,
  type FeatureRows,
  type FeatureSet,
  featureText,
  shareText,
  timesText,
} from "./declaration.ts";
export { canBeAbsent, contradiction, type FeatureLimits, featureLimits, requiredFeatures } from "./limits.ts";
export { featuresSql } from "./sql.ts";
export { checkLeakage, leakageLines, type LeakageReport, leakageText } from "./leakage/check_leakage.ts";
export { type FeatureSession, readFeatures } from "./read.ts";
export { openFeatureCache, withFeatureCache } from "./cache.ts";
