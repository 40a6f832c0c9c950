import type { ExtractedTable } from "./source_tables.ts";

/** Rows of a month, and the exact sums of their money (two decimals) and pieces as text; `0.00` and `0` without. */
export interface MonthFigures {
  rows: number;
  amount: string;
  quantity: string;
}

/** By month (`2024-05`; `undated` for rows without a date, and for all rows of a table that has none). */
export type MonthlyFigures = Record<string, MonthFigures>;

/** What a source says of all rows of a table. */
export interface SourceFigures {
  rows: number;
  /** Undefined where the source can only count. */
  months?: MonthlyFigures;
}

/** A row of {@linkcode figuresSql}. */
export type FiguresRow = { month: string } & Record<"rows" | "amount" | "quantity", string>;

/** SQL of the month of a column as text, equal in PostgreSQL (with ISO dates) and DuckDB. */
export const monthSql = (column: string) =>
  `coalesce(substr(CAST(CAST("${column}" AS DATE) AS VARCHAR), 1, 7), 'undated')`;

/**
 * SQL of the figures of a relation, equal in PostgreSQL (with ISO dates) and DuckDB. Days are grouped before they
 * become text, which halves the time that two million rows take.
 */
export function figuresSql(
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

/** Figures by month from rows of {@linkcode figuresSql}. */
export function monthlyFigures(rows: FiguresRow[]): MonthlyFigures {
  return Object.fromEntries(
    rows.map(({ month, rows, amount, quantity }) => [month, { rows: Number(rows), amount, quantity }]),
  );
}

/** Figures after some rows were added to a table and others taken away; months without rows are left out. */
export function movedFigures(
  before: MonthlyFigures,
  { added, removed }: { added: MonthlyFigures; removed: MonthlyFigures },
): MonthlyFigures {
  const months = new Set([before, added, removed].flatMap((figures) => Object.keys(figures)));
  const moved = [...months].sort().map((month): [string, MonthFigures] => {
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
export function differingMonths(left: MonthlyFigures, right: MonthlyFigures): string[] {
  const months = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return months.filter((month) => figuresText(left[month]) !== figuresText(right[month]));
}

/** Rows of all months. */
export const totalRows = (figures: MonthlyFigures): number =>
  Object.values(figures).reduce((sum, { rows }) => sum + rows, 0);

/** A month's figures for messages. */
export function figuresText({ rows, amount, quantity }: MonthFigures = NOTHING): string {
  return `${rows} rows, amount ${amount}, quantity ${quantity}`;
}

const NOTHING: MonthFigures = { rows: 0, amount: "0.00", quantity: "0" };

/** `-0.50` as -50. */
const centsOf = (decimal: string) => BigInt(decimal.replace(".", ""));

function decimalOf(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
