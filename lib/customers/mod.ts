/** What is known of the shop's customers as of a date: the features that models of customers share. */
export { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS, customerFeaturesSql, factText } from "./features.ts";
export { canBeAbsent, contradiction, type FeatureLimits, featureLimits, requiredFeatures } from "./limits.ts";
