/** DuckDB over the lake: the SQL project, builds of snapshots, and queries. */
export {
  mayBeDamage,
  openSession,
  type ResultStream,
  type Session,
  sqlName,
  sqlString,
  type Value,
} from "./session.ts";
export { type OpenSnapshot, openSnapshot, testSnapshot } from "./query.ts";
export { lastOrderDay } from "./last_order.ts";
export { queryName, type QueryTable, runQuery } from "./sql_query.ts";
export { testName } from "./project/tests/data_tests.ts";
export { loadSqlProject } from "./project/load_project.ts";
export type { SqlModel, SqlProject } from "./project/project.ts";
export type { RawInputs } from "./build/raw_views.ts";
export { minMaxPredicate } from "./build/prune.ts";
export { type ControlTotals, failureText, TEST_RELATIONS } from "./build/audit.ts";
export {
  quarantinedObjects,
  type QuarantinedRun,
  quarantinedRuns,
  quarantinedTable,
} from "./build/quarantine.ts";
export { type BuildInputs, type BuildOptions, buildSnapshot } from "./build/build_snapshot.ts";
