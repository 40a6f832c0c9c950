/** Features as of a date: SQL over the curated tables that sees only what was known then. */
export {
  CHURN_FEATURES,
  CHURN_HORIZON_DAYS,
  CHURN_POPULATION_DAYS,
  churnFeaturesSql,
  churnLabelsSql,
  type PopulationOptions,
} from "./churn_features.ts";
export {
  canBeAbsent,
  contradiction,
  type FeatureLimits,
  featureLimits,
  requiredFeatures,
} from "./feature_limits.ts";
export { churnReasonText } from "./reason_text.ts";
export type { ChurnFeature } from "./churn_feature.ts";
export { addDays, checkAsOf, daysBetween } from "./as_of_date.ts";
export { AS_OF_RULES, type AsOfRule, parseAsOfRule, resolveAsOf } from "./as_of_rules.ts";
export {
  INTERACTION_HALF_LIFE_DAYS,
  INTERACTION_WEIGHTS,
  type InteractionOptions,
  interactionsSql,
  type InteractionWeights,
  salesByAgeSql,
} from "./interactions_sql.ts";
export {
  allocateDemand,
  type DemandShare,
  ELSEWHERE,
  SERVICE_REGIONS,
  type WarehouseOutflow,
} from "./demand_allocation.ts";
export { IS_OFFERED } from "./offered_products.ts";
export { regionalDemandSql, stockPositionsSql, warehouseOutflowSql } from "./demand_sql.ts";
export {
  demandKey,
  type RegionalDemand,
  type WarehouseDemand,
  warehouseDemand,
} from "./demand_statistics.ts";
