/** The warehouse: DuckDB sessions, the SQL models of the dbt project, and their data tests. */
export {
  mayBeDamage,
  openSession,
  type Session,
  type SessionOptions,
  sqlName,
  sqlString,
} from "./session.ts";
export { betweenExtremes } from "./extremes.ts";
export type { Row, Value } from "./values.ts";
export { type OpenSnapshot, openSnapshot } from "./snapshot_tables.ts";
export { loadSqlProject } from "./project.ts";
export { publishedModels, type SqlModel, type SqlProject } from "./sql_model.ts";
export { type DataTest, testName } from "./data_tests.ts";
export { type BuildInputs, type BuildOptions, buildSnapshot, type BuiltSnapshot } from "./build_snapshot.ts";
export {
  type QuarantinedObjects,
  quarantinedObjects,
  quarantinedRows,
  type QuarantinedRun,
  quarantinedRun,
  quarantinedRuns,
  type QuarantinedTest,
} from "./quarantine.ts";
export { FORMER_TABLES, SOURCE_FIGURES, type SourceFigures } from "./audit.ts";
export type { TouchedMonths } from "./touched_months.ts";
export { type DataTestReport, type FailedTest, failureText, runDataTests } from "./run_data_tests.ts";
export { type SnapshotTests, testSnapshot } from "./test_snapshot.ts";
export { runModels } from "./run_models.ts";
export type { RawInputs } from "./raw_views.ts";
export { compareRows, type RowDifference } from "./compare_rows.ts";
export { writeRawDatabase } from "./raw_database.ts";
export { rawTableSql, SCALE_OUT_ENGINES, type ScaleOutEngine } from "./raw_table_sql.ts";
export { dataDictionary } from "./data_dictionary.ts";
