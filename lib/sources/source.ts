import type { ExtractedTable } from "./contract.ts";
import type { CopiedRows } from "./csv.ts";

/** Number of rows, and the exact sums of their money (two decimals) and pieces as text; `0.00` and `0` without. */
export interface ControlTotals {
  rows: number;
  amount: string;
  quantity: string;
}

/** By month (`2024-05`; `undated` for rows without a date, and for all rows of a table that has none). */
export type MonthlyTotals = Record<string, ControlTotals>;

/** What a source says of all rows of a table. */
export interface SourceTotals {
  rows: number;
  /** Undefined where the source can only count. */
  months?: MonthlyTotals;
}

/** A row of the source that holds a wrong value, and is left out until it is corrected. */
export interface QuarantinedRow {
  /** Values of the table's key, e.g. `order_id O1, product_id P1`. */
  key: string;
  /** What is wrong, at least one. */
  values: { column: string; expected: string; found: string }[];
  /** The whole row as the source has it, in JSON. */
  row: string;
  /** Month that the source counts the row in, where it cannot leave such rows out of its counts. */
  month?: string | undefined;
}

/** A row of {@linkcode controlTotalsSql}. */
export type TotalsRow = { month: string } & Record<"rows" | "amount" | "quantity", string>;

/** SQL of the month of a column as text, equal in PostgreSQL (with ISO dates) and DuckDB. */
export const monthSql = (column: string) =>
  `coalesce(substr(CAST(CAST("${column}" AS DATE) AS VARCHAR), 1, 7), 'undated')`;

/** The month under which {@linkcode controlTotalsSql} counts rows that are not valid. */
export const INVALID = "invalid";

/**
 * SQL of the control totals of a relation, equal in PostgreSQL (with ISO dates) and DuckDB. Days are grouped before they
 * become text, which halves the time that two million rows take.
 *
 * @param isValid Column of the relation that is false for rows that only count, as those of the month {@linkcode INVALID}.
 */
export function controlTotalsSql(
  { measures: { date, amount, quantity } }: ExtractedTable,
  relation: string,
  isValid = "true",
): string {
  const summed = (column: string | undefined) => column === undefined ? "0" : `sum("${column}")`;
  const day = date === undefined ? "NULL" : `"${date}"`;
  const month = "coalesce(substr(CAST(day AS VARCHAR), 1, 7), 'undated')";
  return `SELECT CASE WHEN valid THEN ${month} ELSE '${INVALID}' END AS "month",
      CAST(sum(n) AS VARCHAR) AS "rows",
      CAST(CAST(coalesce(sum(CASE WHEN valid THEN amount END), 0) AS DECIMAL(38, 2)) AS VARCHAR) AS "amount",
      CAST(coalesce(sum(CASE WHEN valid THEN quantity END), 0) AS VARCHAR) AS "quantity"
    FROM (
      SELECT CAST(${day} AS DATE) AS day, ${isValid} AS valid, count(*) AS n, ${summed(amount)} AS amount, ${
    summed(quantity)
  } AS quantity
      FROM ${relation} GROUP BY 1, 2
    ) AS days
    GROUP BY 1`;
}

/** Control totals by month from rows of {@linkcode controlTotalsSql}. */
export function monthlyTotals(rows: TotalsRow[]): MonthlyTotals {
  return Object.fromEntries(
    rows.map(({ month, rows, amount, quantity }) => [month, { rows: Number(rows), amount, quantity }]),
  );
}

/** Rows of all months. */
export const totalRows = (months: MonthlyTotals): number =>
  Object.values(months).reduce((sum, { rows }) => sum + rows, 0);

/** The control totals of no rows. */
export const NO_ROWS: ControlTotals = { rows: 0, amount: "0.00", quantity: "0" };

/** Values of the columns of a merge key, as text. */
export type MergeKey = (string | null)[];

/** Which rows of a table to read: those that meet any of these conditions; without any, all. */
export interface RowSelection {
  /** Rows with one of `columns` at or after `from` (`YYYY-MM-DD[ HH:MM:SS…]`), or NULL in all of them. */
  since?: { columns: string[]; from: string };
  /** Rows that were written by this transaction or a later one, see {@linkcode WriteMark}. */
  writtenSince?: string;
  /** Rows whose `column` has another value, or none. */
  unless?: { column: string; value: string };
  /** Rows of these months (`2024-05` or `undated`). */
  months?: { column: string; months: string[] };
  /** Rows with these merge keys. */
  keys?: MergeKey[];
}

/** A moment of a table, from which on a later extract can tell the rows that were written since. */
export interface WriteMark {
  /** Hash of what numbers of transactions hold for; those of another scope cannot be compared. */
  scope: string;
  /** All transactions with lower numbers had ended. */
  transaction: string;
}

/** What a source offers to the extract. */
export interface TableSource {
  /**
   * What it takes to read rows by their merge key: they can be read one by one (`indexed`), a request for some reads the
   * whole table (`scan`), or they cannot be asked for (`none`).
   */
  readonly keyLookup: "indexed" | "scan" | "none";
  /**
   * Whether all that a run reads is of one moment, so that what differs differs; months can then be asked for. Where
   * it is not, rows may have come and gone between two looks.
   */
  readonly isConsistent: boolean;
  /**
   * Counts and sums all rows of a table. Undefined where that costs as much as reading them, or every copy is of all
   * rows whatever is asked for: all rows are read then, and there is nothing that could be missed.
   */
  controlTotals?(table: ExtractedTable): Promise<SourceTotals>;
  /** Hash of all that the source holds, where that takes much less than to read its rows. */
  readonly fingerprint?: string;
  /** By table the moment at which it is read, where rows written since can be asked for later. */
  readonly writeMarks?: Map<string, WriteMark>;
  /**
   * Rows that no copy holds, since a value of them is wrong. Asked for after the copies and control totals of a run.
   */
  quarantine?(table: ExtractedTable): Promise<QuarantinedRow[]>;
  /** Copies the selected rows of a table into a new CSV file. */
  copy(table: ExtractedTable, path: string, selection: RowSelection): Promise<CopiedRows>;
}

/** The selection as a condition in PostgreSQL; `types` are the columns' PostgreSQL types. */
export function selectionSql(
  { since, writtenSince, unless, months, keys }: RowSelection,
  mergeKey: string[],
  types: Map<string, string>,
): string {
  const conditions = [];
  if (since) {
    const { columns, from } = since;
    conditions.push(...columns.map((column) => `"${column}" >= ${literal(from, types.get(column))}`));
    conditions.push(`(${columns.map((column) => `"${column}" IS NULL`).join(" AND ")})`);
  }
  if (writtenSince !== undefined) conditions.push(writtenSinceSql(writtenSince));
  if (unless) {
    conditions.push(`"${unless.column}" IS DISTINCT FROM ${literal(unless.value, types.get(unless.column))}`);
  }
  if (months) {
    const texts = months.months.map((month) => literal(month, "text"));
    conditions.push(`${monthSql(months.column)} IN (${texts.join(", ")})`);
  }
  if (keys) conditions.push(keysSql(keys, mergeKey, types));
  return conditions.length === 0 ? "true" : `(${conditions.join(" OR ")})`;
}

/** Name of the column that {@linkcode RowSelection.writtenSince} is about, in the relation that rows are selected of. */
export const WRITER = '"(written by)"';

/**
 * SQL of whether a row was written by a transaction from `transaction` on. Numbers are of 32 bits and come again, so
 * they are compared by their age. A row so old that it was frozen keeps a number that may seem new: it is read once too
 * often, never too seldom.
 */
const writtenSinceSql = (transaction: string): string =>
  `age(${WRITER}) <= age('${BigInt(transaction) % (1n << 32n)}'::xid)`;

/** Keys without NULL by one IN, which the database hashes; the few with one each by itself. */
function keysSql(keys: MergeKey[], mergeKey: string[], types: Map<string, string>): string {
  const literals = (key: MergeKey) =>
    mergeKey.map((name, i) => key[i] === null ? null : literal(key[i], types.get(name)));
  const isComplete = (key: MergeKey) => !key.includes(null);
  const alternatives = keys.filter((key) => !isComplete(key)).map((key) => {
    const values = literals(key);
    const isValue = (name: string, i: number) =>
      values[i] === null ? `"${name}" IS NULL` : `"${name}" = ${values[i]}`;
    return `(${mergeKey.map(isValue).join(" AND ")})`;
  });
  const tuples = keys.filter(isComplete).map((key) => `(${literals(key).join(", ")})`);
  if (tuples.length > 0) {
    alternatives.push(`(${mergeKey.map((name) => `"${name}"`).join(", ")}) IN (VALUES ${tuples.join(", ")})`);
  }
  return alternatives.length === 0 ? "false" : `(${alternatives.join(" OR ")})`;
}

/** Text in quotes of the kind that reads backslashes the same whatever the server's settings are. */
function literal(value = "", type = "text"): string {
  return `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'::${type}`;
}
