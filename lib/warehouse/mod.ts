/** The warehouse: DuckDB sessions, the SQL models of the dbt project, and their data tests. */
export { openSession, type Session, type SessionOptions, sqlName, sqlString } from "./session.ts";
export type { Row, Value } from "./values.ts";
export { type OpenSnapshot, openSnapshot } from "./snapshot_tables.ts";
