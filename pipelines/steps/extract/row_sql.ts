import type { ExtractedTable, RowSelection } from "shopflow/sources/mod.ts";
import { sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import type { RawTable, Watermark } from "shopflow/lake/mod.ts";

/** Columns as a list of names. */
export const nameList = (names: string[]): string => names.map((name) => sqlName(name)).join(", ");

/** Names of a table's columns, as the source has them. */
export const columnNames = (table: ExtractedTable): string[] => table.columns.map(({ name }) => name);

/** Whether two relations' rows are of one merge key; NULL is a value like any other. */
export function sameKey(unit: string[], left: string, right: string): string {
  return unit.map((name) => `${left}.${sqlName(name)} IS NOT DISTINCT FROM ${right}.${sqlName(name)}`)
    .join(" AND ");
}

/** Rows of `relation` whose merge key is among those of `keys`. */
export function rowsWithKeys(unit: string[], relation: string, units: string): string {
  return `${relation} WHERE EXISTS (SELECT 1 FROM ${units} WHERE ${sameKey(unit, units, relation)})`;
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

const DAY = 24 * 60 * 60 * 1000;

/** Which part of a table a run reads: rows from a time on, or all. */
export interface ReadWindow {
  /** `YYYY-MM-DD HH:MM:SS.fff` of the watched column; undefined: the whole table is compared. */
  from?: string;
  /** Months that are read as well, whatever the time of their rows. */
  months?: string[];
}

/**
 * Chooses what to read of a table: rows from the lag before its watermark on, or all of it when it was never
 * read, by an extract that kept its control totals, when it is due to be compared whole, or when `whole` says so.
 *
 * @param now What the clock says (ISO 8601).
 */
export function chooseWindow(
  { strategy }: ExtractedTable,
  known: RawTable | undefined,
  watermark: Watermark | undefined,
  { now, whole }: { now: string; whole: boolean },
): ReadWindow {
  if (whole || strategy.kind === "snapshot" || known?.controlTotals === undefined) return {};
  if (watermark?.value === undefined) return {};
  const age = Date.parse(now) - Date.parse(watermark.comparedAt);
  // Compared in the future: by a clock that was ahead, so nobody knows how long ago.
  if (age < 0 || age >= strategy.fullRefreshDays * DAY) return {};
  const from = new Date(Date.parse(`${watermark.value.replace(" ", "T")}Z`) - strategy.lookbackDays * DAY);
  return { from: from.toISOString().replace("T", " ").slice(0, -1) };
}

/** The rows of a window, as a source is asked for them. */
export function selectionOf(
  { strategy, measures: { date } }: ExtractedTable,
  window: ReadWindow,
): RowSelection {
  const { from, months } = window;
  return {
    ...(from !== undefined && strategy.kind === "watermark" && { since: { column: strategy.column, from } }),
    ...(months !== undefined && date !== undefined && { months: { column: date, months } }),
  };
}
