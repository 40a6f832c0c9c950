import type { ExtractedTable } from "./contract.ts";
import type { CopiedRows } from "./csv.ts";

/** Number of rows, and the exact sums of their money (two decimals) and pieces as text; `0.00` and `0` without. */
interface ControlTotals {
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

/** A row of {@linkcode controlTotalsSql}. */
export type TotalsRow = { month: string } & Record<"rows" | "amount" | "quantity", string>;

/** SQL of the month of a column as text, equal in PostgreSQL (with ISO dates) and DuckDB. */
export const monthSql = (column: string) =>
  `coalesce(substr(CAST(CAST("${column}" AS DATE) AS VARCHAR), 1, 7), 'undated')`;

/**
 * SQL of the control totals of a relation, equal in PostgreSQL (with ISO dates) and DuckDB. Days are grouped before they
 * become text, which halves the time that two million rows take.
 */
export function controlTotalsSql(
  { measures: { date, amount, quantity } }: ExtractedTable,
  relation: string,
): string {
  const summed = (column: string | undefined) => column === undefined ? "0" : `sum("${column}")`;
  const day = date === undefined ? "NULL" : `"${date}"`;
  return `SELECT coalesce(substr(CAST(day AS VARCHAR), 1, 7), 'undated') AS "month",
      CAST(sum(n) AS VARCHAR) AS "rows",
      CAST(CAST(coalesce(sum(amount), 0) AS DECIMAL(38, 2)) AS VARCHAR) AS "amount",
      CAST(coalesce(sum(quantity), 0) AS VARCHAR) AS "quantity"
    FROM (
      SELECT CAST(${day} AS DATE) AS day, count(*) AS n, ${summed(amount)} AS amount, ${
    summed(quantity)
  } AS quantity
      FROM ${relation} GROUP BY CAST(${day} AS DATE)
    ) AS days
    GROUP BY 1`;
}

/** Control totals by month from rows of {@linkcode controlTotalsSql}. */
export function monthlyTotals(rows: TotalsRow[]): MonthlyTotals {
  return Object.fromEntries(
    rows.map(({ month, rows, amount, quantity }) => [month, { rows: Number(rows), amount, quantity }]),
  );
}

/** Control totals after some rows were added to a table and others taken away; months without rows are left out. */
export function updatedTotals(
  before: MonthlyTotals,
  { added, removed }: { added: MonthlyTotals; removed: MonthlyTotals },
): MonthlyTotals {
  const months = new Set([before, added, removed].flatMap((figures) => Object.keys(figures)));
  const moved = [...months].sort().map((month): [string, ControlTotals] => {
    const [was, more, less] = [before, added, removed].map((figures) => figures[month] ?? NOTHING);
    const sum = (name: "amount" | "quantity", toNumber: (text: string) => bigint) =>
      toNumber(was![name]) + toNumber(more![name]) - toNumber(less![name]);
    return [month, {
      rows: was!.rows + more!.rows - less!.rows,
      amount: decimalOf(sum("amount", centsOf)),
      quantity: String(sum("quantity", BigInt)),
    }];
  });
  return Object.fromEntries(moved.filter(([, { rows }]) => rows !== 0));
}

/** Months of which two sides say something else. */
export function differingMonths(left: MonthlyTotals, right: MonthlyTotals): string[] {
  const months = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return months.filter((month) => totalsText(left[month]) !== totalsText(right[month]));
}

/** Rows of all months. */
export const totalRows = (figures: MonthlyTotals): number =>
  Object.values(figures).reduce((sum, { rows }) => sum + rows, 0);

/** Control totals for messages. */
export function totalsText({ rows, amount, quantity }: ControlTotals = NOTHING): string {
  return `${rows} rows, amount ${amount}, quantity ${quantity}`;
}

const NOTHING: ControlTotals = { rows: 0, amount: "0.00", quantity: "0" };

/** `-0.50` as -50. */
const centsOf = (decimal: string) => BigInt(decimal.replace(".", ""));

function decimalOf(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Values of the columns of a merge key, as text. */
export type MergeKey = (string | null)[];

/** Which rows of a table to read; without anything, all. */
export interface RowSelection {
  /** Rows whose `column` is at or after `from` (`YYYY-MM-DD[ HH:MM:SS…]`), or NULL. */
  since?: { column: string; from: string };
  /** Rows of these months too (`2024-05` or `undated`). */
  months?: { column: string; months: string[] };
  /** Rows with these merge keys. */
  keys?: MergeKey[];
}

/** What a source offers to the extract. */
export interface TableSource {
  /**
   * Whether rows can be asked for by their merge key. Where they cannot, reading a key again costs as much as reading
   * the table.
   */
  readonly supportsKeyLookup: boolean;
  /**
   * Whether all that a run reads is of one moment, so that what differs differs; months can then be asked for. Where
   * it is not, rows may have come and gone between two looks.
   */
  readonly isConsistent: boolean;
  /**
   * Counts and sums all rows of a table. Undefined where every copy is of all rows whatever is asked for: there is
   * nothing that it could have missed.
   */
  controlTotals?(table: ExtractedTable): Promise<SourceTotals>;
  /** Copies the selected rows of a table into a new CSV file. */
  copy(table: ExtractedTable, path: string, selection: RowSelection): Promise<CopiedRows>;
}

/** The selection as a condition in PostgreSQL; `types` are the columns' PostgreSQL types. */
export function selectionSql(
  { since, months, keys }: RowSelection,
  unit: string[],
  types: Map<string, string>,
): string {
  const times = [];
  if (since) {
    const column = `"${since.column}"`;
    times.push(`${column} >= ${literal(since.from, types.get(since.column)!)} OR ${column} IS NULL`);
  }
  if (months) {
    const texts = months.months.map((month) => literal(month, "text"));
    times.push(`${monthSql(months.column)} IN (${texts.join(", ")})`);
  }
  const conditions = [];
  if (times.length > 0) conditions.push(`(${times.join(" OR ")})`);
  if (keys) conditions.push(keysSql(keys, unit, types));
  return conditions.join(" AND ") || "true";
}

/** Units without NULL by one IN, which the database hashes; the few with one each by itself. */
function keysSql(units: MergeKey[], unit: string[], types: Map<string, string>): string {
  const valueOf = (key: MergeKey, i: number) => literal(key[i]!, types.get(unit[i]!)!);
  const whole = units.filter((key) => !key.includes(null));
  const alternatives = units.filter((key) => key.includes(null)).map((key) =>
    "(" + unit.map((name, i) => key[i] === null ? `"${name}" IS NULL` : `"${name}" = ${valueOf(key, i)}`)
      .join(" AND ") +
    ")"
  );
  if (whole.length > 0) {
    const tuples = whole.map((key) => `(${unit.map((_, i) => valueOf(key, i)).join(", ")})`);
    const names = unit.map((name) => `"${name}"`).join(", ");
    alternatives.push(`(${names}) IN (VALUES ${tuples.join(", ")})`);
  }
  return alternatives.length === 0 ? "false" : `(${alternatives.join(" OR ")})`;
}

/** Text in quotes of the kind that reads backslashes the same whatever the server's settings are. */
function literal(value: string, type: string): string {
  return `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'::${type}`;
}
