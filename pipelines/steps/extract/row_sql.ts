import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import type { ExtractedTable } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";

/** Columns as a list of names. */
export const nameList = (names: string[]): string => names.map((name) => sqlName(name)).join(", ");

/** Names of a table's columns, as the source has them. */
export const columnNames = (table: ExtractedTable): string[] => table.columns.map(({ name }) => name);

/** Whether rows of two relations have the same merge key; NULL is a value like any other. */
export function sameKey(mergeKey: string[], left: string, right: string): string {
  return mergeKey.map((name) => `${left}.${sqlName(name)} IS NOT DISTINCT FROM ${right}.${sqlName(name)}`)
    .join(" AND ");
}

/** Rows of `relation` whose merge key is among those of `keys`. */
export function rowsWithKeys(mergeKey: string[], relation: string, keys: string): string {
  return `${relation} WHERE EXISTS (SELECT 1 FROM ${keys} WHERE ${sameKey(mergeKey, keys, relation)})`;
}

/**
 * Digest of a group of rows, the same in whatever order they come. Two groups are compared by it within a run, so
 * DuckDB's own 64-bit hash will do, which takes a tenth of the time of MD5.
 */
export const digestOf = (names: string[]) => `sum(hash(${nameList(names)}))`;

/** The columns of a table as NULLs of the lake's types: a SELECT list for rows that are not there yet. */
export const typedNulls = ({ columns }: ExtractedTable) =>
  columns.map(({ name, lakeType }) => `CAST(NULL AS ${lakeType}) AS ${sqlName(name)}`).join(", ");

/** The largest row that is read, with its quotes doubled; a document of MongoDB has 16 MiB at most. */
const ROW_BYTES = 32_000_000;
/** DuckDB's own default, and enough for a row: by default a buffer would grow with the largest row. */
const BUFFER_BYTES = 32_000_000;

/** The rows of a file that a source's `copy` wrote, as a relation with the lake's types. */
export function csvRows(path: string, { columns }: ExtractedTable): string {
  const types = columns.map(({ name, lakeType }) => `${sqlString(name)}: ${sqlString(lakeType)}`);
  return `read_csv(${sqlString(path)}, columns = {${types.join(", ")}}, auto_detect = false, header = false,
            delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false,
            max_line_size = ${ROW_BYTES}, buffer_size = ${BUFFER_BYTES})`;
}

/** Rows of raw files: one written before the contract got a column has NULL in it. */
export function rawFileRows(paths: string[], table: ExtractedTable): string {
  const files = paths.map(sqlString).join(", ");
  return `SELECT ${typedNulls(table)} WHERE false
          UNION ALL BY NAME SELECT * FROM read_parquet([${files}], union_by_name = true)`;
}

/**
 * Whether the time of a row is at or after `from`, as SQL; never NULL.
 *
 * @param withUndated Whether rows without any time count as such.
 */
export function isSince(columns: string[], from: string, { withUndated }: { withUndated: boolean }): string {
  const isLate = columns.map((name) => `${sqlName(name)} >= TIMESTAMP ${sqlString(from)}`).join(" OR ");
  const isUndated = columns.map((name) => `${sqlName(name)} IS NULL`).join(" AND ");
  return `(coalesce(${isLate}, false)${withUndated ? ` OR (${isUndated})` : ""})`;
}

/**
 * Whether a row was dated in the future when it was extracted, and is so no more. Such a row is written again: by
 * the time of its extract, facts tell a date that came to pass from a mistyped one.
 */
export function dateHasCome({ measures: { date } }: ExtractedTable, now: string): string {
  if (date === undefined) return "false";
  const day = `CAST(${sqlName(date)} AS DATE) - INTERVAL 1 DAY`;
  return `coalesce(${day} > CAST(_extracted_at AS DATE) AND ${day} <= DATE ${
    sqlString(now.slice(0, 10))
  }, false)`;
}

/**
 * Runs `work`, which reads raw files of a table.
 *
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function readingRawFiles<T>({ name }: ExtractedTable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`The raw files of ${name} cannot be read`, {
      expected: "Parquet files with the columns of the table",
      found: cause.cause instanceof Error ? cause.cause.message : cause.message,
      remedy: "Delete the damaged file from the lake and run the extract again.",
      cause,
    });
  }
}

/** The row of a query that gives one, as an aggregate does. */
export async function onlyRow<T>(session: Session, sql: string): Promise<T> {
  const [row] = await session.rows<T>(sql);
  if (row === undefined) throw new Error(`The query gave no row: ${sql}`);
  return row;
}
