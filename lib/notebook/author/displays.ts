import { escapeHtml, formatCount } from "shopflow/runtime/mod.ts";
import { ColumnTable } from "arquero";
import { formatNumber, numberOfFigure } from "shopflow/kpis/mod.ts";
import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { stringify } from "csv-stringify/sync";
import { LINEAGE_HOOK } from "../kernel/messages.ts";
import { METRICS_MIME, type MimeBundle, TABLE_MIME } from "../format/nbformat.ts";

export interface TableOptions {
  /** Rows shown. Default 20. */
  limit?: number;
  /** Columns shown, in this order. Default all. */
  columns?: string[];
  /** Headings that replace the columns' names. */
  labels?: Record<string, string>;
  /** Digits after the point, by column; otherwise up to 3 for fractions, and more for those below 0.01. */
  digits?: Record<string, number>;
  /** A line above the table. */
  caption?: string;
}

/** Texts above this length are sentences, below it names. */
const LONG_TEXT = 28;

interface Shown {
  headings: string[];
  /** Which columns hold numbers or texts of them, and are aligned by their last digit. */
  numeric: boolean[];
  /** Which columns hold sentences, which may break. */
  long: boolean[];
  rows: string[][];
  /** The numbers that the texts of `rows` say or round, by which the page sorts; undefined elsewhere. */
  exact: (number | undefined)[][];
  total: number;
}

/** An HTML table; numbers have thousands separators and are aligned to the right. */
function tableToHtml(table: ColumnTable, options: TableOptions = {}): string {
  const { headings, numeric, long, rows, exact, total } = shown(table, options);
  const mark = (i: number) =>
    numeric[i]
      ? ' class="number" style="text-align:right"'
      : `${long[i] ? ' class="long"' : ""} style="text-align:left"`;
  const head = headings.map((text, i) => `<th scope="col"${mark(i)}>${escapeHtml(text)}</th>`).join("");
  const value = (number: number | undefined) => number === undefined ? "" : ` data-value="${number}"`;
  const body = rows.map((row, y) =>
    `<tr>${
      row.map((text, i) => `<td${mark(i)}${value(exact[y]?.[i])}>${escapeHtml(text)}</td>`).join("")
    }</tr>`
  );
  const caption = options.caption
    ? `<p class="table-caption" style="font-weight:600">${escapeHtml(options.caption)}</p>`
    : "";
  return `${caption}<table class="data"><thead><tr>${head}</tr></thead><tbody>${
    body.join("\n")
  }</tbody></table>` +
    (rows.length < total
      ? `<p class="table-note">${rows.length} of ${formatCount(total)} rows</p>`
      : total === 0
      ? '<p class="table-note">no rows</p>'
      : "");
}

/** All rows with their exact values. */
function tableToCsv(
  table: ColumnTable,
  { columns = table.columnNames(), labels = {} }: TableOptions,
): string {
  const rows = table.objects() as Record<string, unknown>[];
  return stringify([
    columns.map((name) => labels[name] ?? name),
    ...rows.map((row) => columns.map((name) => exactText(row[name]))),
  ]);
}

function exactText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString().replace("T00:00:00.000Z", "");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The same as text with aligned columns. */
function tableToText(table: ColumnTable, options: TableOptions = {}): string {
  const { headings, numeric, rows, total } = shown(table, options);
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const line = (cells: string[]) =>
    cells.map((text, i) => numeric[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)).join(
      "  ",
    )
      .trimEnd();
  const lines = [options.caption, line(headings), ...rows.map(line)].filter((text) => text !== undefined);
  return lines.join("\n") + (rows.length < total ? `\n${rows.length} of ${total} rows` : "");
}

function shown(table: ColumnTable, { limit = 20, columns, labels = {}, digits = {} }: TableOptions): Shown {
  const names = columns ?? table.columnNames();
  const values = table.slice(0, limit).objects() as Record<string, unknown>[];
  const rows = values.map((row) => names.map((name) => formatValue(row[name], digits[name])));
  const numeric = names.map((name) => holdsNumbers(values.map((row) => row[name])));
  return {
    headings: names.map((name) => labels[name] ?? name),
    numeric,
    long: names.map((_, i) => rows.some((row) => (row[i]?.length ?? 0) > LONG_TEXT)),
    rows,
    exact: values.map((row) =>
      names.map((name, i) => numeric[i] || typeof row[name] !== "string" ? exactNumber(row[name]) : undefined)
    ),
    total: table.numRows(),
  };
}

/** Whether a column holds numbers, or texts of them such as `14.8 %` and `$1,234`, and nothing else. */
function holdsNumbers(values: unknown[]): boolean {
  const present = values.filter((value) => value !== null && value !== undefined && !MISSING.has(value));
  return present.length > 0 && present.every((value) => exactNumber(value) !== undefined);
}

/** What stands for a figure that is not known. */
const MISSING = new Set<unknown>(["", "–"]);

function exactNumber(value: unknown): number | undefined {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return typeof value === "string" ? numberOfFigure(value) : undefined;
}

function formatValue(value: unknown, digits: number | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    if (digits === undefined) return formatNumber(value);
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * What a notebook's cell may end with to be shown: values that carry their representations under the symbol
 * the Deno kernel looks for, so that Jupyter, VS Code and our reports show the best they can.
 */

/** Where the Deno kernel looks for a value's representations. */
export const DISPLAY = Symbol.for("Jupyter.display");
/** Key of Vega-Lite specifications that JupyterLab 4 and VS Code draw themselves. */
const VEGA_LITE_MIME = "application/vnd.vegalite.v5+json";

/** Shown when it is the last value of a cell, or by `await Deno.jupyter.display(value)`. */
export interface Displayable {
  [DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/** A Vega-Lite specification whose data may also be an arquero table. */
export type PlotSpec = Omit<ChartSpec, "data"> & {
  data?: { values: ColumnTable | object[] } | { name: string };
  // deno-lint-ignore no-explicit-any -- Vega-Lite's own type is a union that object literals in cells rarely satisfy
  [key: string]: any;
};

/** A headline metric: its text, or its text with a small note below. */
export type Metric = string | number | { value: string | number; note: string };

/**
 * A chart.
 *
 * @example
 * ```ts
 * plot({ data: { values: table }, mark: "line", encoding: { x: { field: "month" }, y: { field: "revenue" } } })
 * ```
 */
export function plot(spec: PlotSpec): Displayable {
  return {
    async [DISPLAY]() {
      const { renderSvg, THEME, withUtcEncodings } = await import("../charts/mod.ts");
      const complete = withRows(spec);
      return {
        [VEGA_LITE_MIME]: {
          $schema: "https://vega.github.io/schema/vega-lite/v5.json",
          ...withUtcEncodings(complete),
          // The look of our reports in Jupyter and VS Code, too; as SVG its texts take the colour of their theme.
          usermeta: { embedOptions: { renderer: "svg", config: THEME }, ...spec.usermeta },
        },
        "image/svg+xml": await renderSvg(complete),
        "text/plain": `chart${typeof spec.title === "string" ? `: ${spec.title}` : ""}`,
      };
    },
  };
}

/** A table's first rows (20, or `limit`); its report offers all of them. */
export function showTable(table: ColumnTable, options: TableOptions = {}): Displayable {
  return {
    [DISPLAY]: () => ({
      // In Jupyter nobody needs it, and a large message would exceed its limits.
      ...(LINEAGE_HOOK in globalThis && { [TABLE_MIME]: tableToCsv(table, options) }),
      "text/html": tableToHtml(table, options),
      "text/plain": tableToText(table, options),
    }),
  };
}

/** Text with markdown, for prose that contains numbers. */
export function markdown(text: string): Displayable {
  return { [DISPLAY]: () => ({ "text/markdown": text, "text/plain": text }) };
}

/**
 * Headline metrics as a row of cards. They are the metrics of the run, which its history lists.
 *
 * @example
 * ```ts
 * showMetrics({ AUC: { value: "0.81", note: "baseline 0.74" }, customers: 5000 })
 * ```
 */
export function showMetrics(metrics: Record<string, Metric>): Displayable {
  const entries = Object.entries(metrics).map(([label, metric]) => {
    const { value, note } = typeof metric === "object" ? metric : { value: metric, note: "" };
    return { label, note, value: typeof value === "number" ? formatNumber(value) : value };
  });
  const cards = entries.map(({ label, value, note }) =>
    `<div class="metric" style="${CARD}"><div class="metric-label" style="opacity:.7">${
      escapeHtml(label)
    }</div>` +
    `<div class="metric-value" style="font-size:1.6em;font-weight:600">${escapeHtml(value)}</div>` +
    (note && `<div class="metric-note" style="opacity:.7">${escapeHtml(note)}</div>`) + "</div>"
  );
  return {
    [DISPLAY]: () => ({
      [METRICS_MIME]: metrics,
      "text/html": `<div class="metrics" style="display:flex;flex-wrap:wrap;gap:12px">${
        cards.join("")
      }</div>`,
      "text/plain": entries.map(({ label, value, note }) => `${label}: ${value}${note && ` (${note})`}`).join(
        "\n",
      ),
    }),
  };
}

/** For Jupyter, which has no style for our classes; reports drop it and have their own. */
const CARD = "border:1px solid rgba(128,128,128,.35);border-radius:8px;padding:10px 16px;min-width:120px";

function withRows(spec: PlotSpec): ChartSpec {
  const { data } = spec;
  const values = data && "values" in data ? data.values : undefined;
  if (values === undefined || Array.isArray(values)) return spec as unknown as ChartSpec;
  return { ...spec, data: { values: values.objects() } } as unknown as ChartSpec;
}

/**
 * From now on a table of arquero that is the last value of a cell is shown as one, with its first 20 rows;
 * `showTable` does the same with choices. It works for every arquero that `deno.json` resolves to: there is one.
 */
export function showArqueroTables(): void {
  Object.defineProperty(ColumnTable.prototype, DISPLAY, {
    configurable: true,
    value(this: ColumnTable) {
      return showTable(this)[DISPLAY]();
    },
  });
}
