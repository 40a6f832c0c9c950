/**
 * What a notebook's cell may end with to be shown: values that carry their representations under the symbol
 * the Deno kernel looks for, so that Jupyter, VS Code and our reports show the best they can.
 */
import type { ColumnTable } from "arquero";
import type { ChartSpec } from "shopflow/charts/mod.ts";
import type { MimeBundle } from "./nbformat.ts";
import { escapeHtml } from "./escape_html.ts";
import { type TableOptions, tableToHtml, tableToText } from "./html_table.ts";

/** Where the Deno kernel looks for a value's representations. */
export const DISPLAY = Symbol.for("Jupyter.display");
/** Key of Vega-Lite specifications that JupyterLab 4 and VS Code draw themselves. */
const VEGA_LITE_MIME = "application/vnd.vegalite.v5+json";
/** Key of the figures of {@linkcode showMetrics} for programs: `deno task notebook log` lists them by run. */
export const METRICS_MIME = "application/vnd.shopflow.metrics+json";

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

/** A headline figure: its text, or its text with a small note below. */
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
      const { renderSvg, THEME, withUtcEncodings } = await import("shopflow/charts/mod.ts");
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

/** A table's first rows (20, or `limit`). */
export function showTable(table: ColumnTable, options: TableOptions = {}): Displayable {
  return {
    [DISPLAY]: () => ({
      "text/html": tableToHtml(table, options),
      "text/plain": tableToText(table, options),
    }),
  };
}

/** Text with markdown, for prose that contains figures. */
export function markdown(text: string): Displayable {
  return { [DISPLAY]: () => ({ "text/markdown": text, "text/plain": text }) };
}

/**
 * Headline figures as a row of cards. They are the metrics of the run, which its history lists.
 *
 * @example
 * ```ts
 * showMetrics({ AUC: { value: "0.81", note: "baseline 0.74" }, customers: 5000 })
 * ```
 */
export function showMetrics(metrics: Record<string, Metric>): Displayable {
  const entries = Object.entries(metrics).map(([label, metric]) => {
    const { value, note } = typeof metric === "object" ? metric : { value: metric, note: "" };
    return { label, note, value: typeof value === "number" ? value.toLocaleString("en-US") : value };
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
