/** Who the customers are: segments by RFM, clusters, migration, cohorts, the way from visit to purchase, and audiences. */
export { cohortRetentionSql } from "./cohorts.ts";
export { clusterCustomers } from "./clusters.ts";
export { segmentsModel } from "./definition.ts";
export { directionOf, monthsBefore, NOT_YET, readMigrations } from "./migration.ts";
export { personaOf, PERSONAS } from "./personas.ts";
export { rfmSql, rfmTies, segmentSummaries } from "./rfm.ts";
export { type CustomerSelection, customersPath, parseSelection, selectionText } from "./selection.ts";
