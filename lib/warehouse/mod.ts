/** DuckDB over the lake: the SQL project, builds of snapshots, and queries. */
export {
  mayBeDamage,
  openSession,
  type ResultStream,
  type Row,
  type Session,
  sqlName,
  sqlString,
  type Value,
} from "./session.ts";
export { type OpenSnapshot, openSnapshot, testSnapshot } from "./query.ts";
export { queryName, type QueryTable, runQuery } from "./sql_query.ts";
export { testName } from "./project/data_tests.ts";
export { loadSqlProject } from "./project/project.ts";
export type { SqlModel, SqlProject } from "./project/sql_model.ts";
export type { RawInputs } from "./build/raw_views.ts";
export type { TouchedMonths } from "./build/partitions.ts";
export { betweenExtremes } from "./build/prune.ts";
export { failureText, FORMER_TABLES, SOURCE_FIGURES, type SourceFigures } from "./build/audit.ts";
export {
  quarantinedObjects,
  quarantinedRows,
  type QuarantinedRun,
  quarantinedRun,
  quarantinedRuns,
} from "./build/quarantine.ts";
export { type BuildInputs, type BuildOptions, buildSnapshot } from "./build/build_snapshot.ts";
export { dataDictionary } from "./describe/data_dictionary.ts";
export {
  rawTableSql,
  SCALE_OUT_ENGINES,
  type ScaleOutEngine,
  writeRawDatabase,
} from "./describe/raw_tables.ts";
export { compareRows, type RowDifference } from "./describe/compare_rows.ts";
