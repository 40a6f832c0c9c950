import type { ExtractedTable } from "shopflow/sources/mod.ts";
import { sqlName, sqlString } from "shopflow/warehouse/mod.ts";

/** Columns as a list of names. */
export const nameList = (names: string[]): string => names.map((name) => sqlName(name)).join(", ");

/** Names of a table's columns, as the source has them. */
export const columnNames = (table: ExtractedTable): string[] => table.columns.map(({ name }) => name);

/** Whether two relations' rows are of one unit; NULL is a value like any other. */
export function sameUnit(unit: string[], left: string, right: string): string {
  return unit.map((name) => `${left}.${sqlName(name)} IS NOT DISTINCT FROM ${right}.${sqlName(name)}`)
    .join(" AND ");
}

/** Rows of `relation` whose unit is among those of `units`. */
export function ofUnits(unit: string[], relation: string, units: string): string {
  return `${relation} WHERE EXISTS (SELECT 1 FROM ${units} WHERE ${sameUnit(unit, units, relation)})`;
}

/**
 * Digest of a group of rows, the same in whatever order they come. Two groups are compared by it within a run, so
 * DuckDB's own 64-bit hash will do, which takes a tenth of the time of MD5.
 */
export const digestOf = (names: string[]) => `sum(hash(${nameList(names)}))`;

/** The largest row that is read, with its quotes doubled; a document of MongoDB has 16 MiB at most. */
const ROW_BYTES = 32_000_000;
/** DuckDB's own default, and enough for a row: by default a buffer would grow with the largest row. */
const BUFFER_BYTES = 32_000_000;

/** The rows of a file that {@linkcode copyTable} of a source wrote, as a relation with the lake's types. */
export function csvRows(path: string, { columns }: ExtractedTable): string {
  const types = columns.map(({ name, lakeType }) => `${sqlString(name)}: ${sqlString(lakeType)}`);
  return `read_csv(${sqlString(path)}, columns = {${types.join(", ")}}, auto_detect = false, header = false,
            delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false,
            max_line_size = ${ROW_BYTES}, buffer_size = ${BUFFER_BYTES})`;
}

/** Rows of raw files of any age: the oldest do not have `_deleted`. */
export function rawRows(paths: string[], { columns }: ExtractedTable): string {
  const typed = columns.map(({ name, lakeType }) => `CAST(NULL AS ${lakeType}) AS ${sqlName(name)}`);
  const files = paths.map(sqlString).join(", ");
  return `SELECT ${typed.join(", ")}, CAST(NULL AS TIMESTAMP) AS _extracted_at, '' AS _run,
            CAST(NULL AS BOOLEAN) AS _deleted WHERE false
          UNION ALL BY NAME SELECT * FROM read_parquet([${files}], union_by_name = true)`;
}
