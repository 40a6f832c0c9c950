import type { ColumnTable } from "arquero";
import { escapeHtml } from "./escape_html.ts";

export interface TableOptions {
  /** Rows shown. Default 20. */
  limit?: number;
  /** Columns shown, in this order. Default all. */
  columns?: string[];
  /** Headings that replace the columns' names. */
  labels?: Record<string, string>;
  /** Digits after the point, by column; otherwise up to 3 for fractions. */
  digits?: Record<string, number>;
  /** A line above the table. */
  caption?: string;
}

/** Texts above this length are sentences, below it names. */
const LONG_TEXT = 28;

interface Shown {
  headings: string[];
  /** Which columns hold numbers, and are aligned by their last digit. */
  numeric: boolean[];
  /** Which columns hold sentences, which may break. */
  long: boolean[];
  rows: string[][];
  /** The numbers that the texts of `rows` round, by which the page sorts; undefined elsewhere. */
  exact: (number | undefined)[][];
  total: number;
}

/** An HTML table; numbers have thousands separators and are aligned to the right. */
export function tableToHtml(table: ColumnTable, options: TableOptions = {}): string {
  const { headings, numeric, long, rows, exact, total } = shown(table, options);
  const mark = (i: number) =>
    numeric[i]
      ? ' class="number" style="text-align:right"'
      : `${long[i] ? ' class="long"' : ""} style="text-align:left"`;
  const head = headings.map((text, i) => `<th scope="col"${mark(i)}>${escapeHtml(text)}</th>`).join("");
  const value = (number: number | undefined) => number === undefined ? "" : ` data-value="${number}"`;
  const body = rows.map((row, y) =>
    `<tr>${
      row.map((text, i) => `<td${mark(i)}${value(exact[y]![i])}>${escapeHtml(text)}</td>`).join("")
    }</tr>`
  );
  const caption = options.caption
    ? `<p class="table-caption" style="font-weight:600">${escapeHtml(options.caption)}</p>`
    : "";
  return `${caption}<table class="data"><thead><tr>${head}</tr></thead><tbody>${
    body.join("\n")
  }</tbody></table>` +
    (rows.length < total
      ? `<p class="table-note">${rows.length} of ${total.toLocaleString("en-US")} rows</p>`
      : total === 0
      ? '<p class="table-note">no rows</p>'
      : "");
}

/** The same as text with aligned columns. */
export function tableToText(table: ColumnTable, options: TableOptions = {}): string {
  const { headings, numeric, rows, total } = shown(table, options);
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) =>
    cells.map((text, i) => numeric[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)).join("  ")
      .trimEnd();
  const lines = [options.caption, line(headings), ...rows.map(line)].filter((text) => text !== undefined);
  return lines.join("\n") + (rows.length < total ? `\n${rows.length} of ${total} rows` : "");
}

function shown(table: ColumnTable, { limit = 20, columns, labels = {}, digits = {} }: TableOptions): Shown {
  const names = columns ?? table.columnNames();
  const values = table.slice(0, limit).objects() as Record<string, unknown>[];
  const rows = values.map((row) => names.map((name) => formatValue(row[name], digits[name])));
  return {
    headings: names.map((name) => labels[name] ?? name),
    numeric: names.map((name) =>
      values.some((row) => typeof row[name] === "number") &&
      values.every((row) => row[name] === null || row[name] === undefined || typeof row[name] === "number")
    ),
    long: names.map((_, i) => rows.some((row) => row[i]!.length > LONG_TEXT)),
    rows,
    exact: values.map((row) => names.map((name) => exactNumber(row[name]))),
    total: table.numRows(),
  };
}

const exactNumber = (value: unknown) =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;

function formatValue(value: unknown, digits: number | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    return value.toLocaleString("en-US", {
      minimumFractionDigits: digits ?? 0,
      maximumFractionDigits: digits ?? 3,
    });
  }
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
