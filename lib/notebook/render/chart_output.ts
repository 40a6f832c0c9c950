import { type ChartSpec, drawChart, type DrawnChart } from "shopflow/charts/mod.ts";
import { NotebookError, ShopFlowError } from "shopflow/errors/mod.ts";
import { escapeHtml } from "../escape_html.ts";
import { figure } from "./figure.ts";
import { sanitizeSvg } from "./sanitize_html.ts";

/** Pixels of the text's column on a wide screen, and of a phone's screen between its margins. */
const COLUMN_WIDTH = 736, PHONE_WIDTH = 354;
/** Characters of specification and rows; a chart with more stays a still picture. */
const LARGEST = 2_000_000;

/** How the data of an interactive chart begins. Nothing of a notebook's own can look so: it is escaped or sanitised. */
export const CHART_SPECIFICATION = '<script type="application/json">';

/**
 * Draws the chart for wide screens, and once more for phones where one plot can simply be narrower, with what the
 * page's script draws both from. What cannot be drawn here falls back to the picture that the notebook made.
 */
export async function renderChart(spec: unknown, drawn: unknown, id: string): Promise<string> {
  try {
    const drawings = await drawForScreens(asSpecification(spec));
    const figures = Object.entries(drawings).map(([screen, { svg }]) =>
      figure(sanitizeSvg(svg, `${id}${screen}-`), screen)
    );
    return `<div class="chart-drawings">${figures.join("")}${specifications(drawings)}</div>`;
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    if (typeof drawn === "string") return figure(sanitizeSvg(drawn, id));
    return `<p class="error-message"><strong>Chart</strong> ${escapeHtml(error.message)}</p>`;
  }
}

function asSpecification(value: unknown): ChartSpec {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ChartSpec;
  throw new NotebookError("A chart is no specification", {
    expected: "a JSON object",
    found: JSON.stringify(value)?.slice(0, 40),
  });
}

async function drawForScreens(spec: ChartSpec): Promise<Record<string, DrawnChart>> {
  if (!isSingleView(spec)) return { any: await drawChart(spec) };
  const own = "width" in spec && typeof spec.width === "number";
  const wide = await drawChart(spec, own ? {} : { width: COLUMN_WIDTH });
  return { wide, narrow: await drawChart(spec, { width: PHONE_WIDTH }) };
}

function isSingleView(spec: ChartSpec): boolean {
  const encoding = ("encoding" in spec ? spec.encoding : undefined) as Record<string, unknown> | undefined;
  const faceted = ["row", "column", "facet"].some((channel) => encoding?.[channel] !== undefined);
  const stepped = "width" in spec && typeof spec.width === "object";
  return ("mark" in spec || "layer" in spec) && !faceted && !stepped;
}

/** Data for the page's script, not code; the rows, which all drawings share, are there once. */
function specifications(drawings: Record<string, DrawnChart>): string {
  const data: Record<string, unknown> = {};
  const written = Object.entries(drawings).map(([screen, { vega }]) => {
    const tables = (vega.data ?? []).map((table) => {
      if (!("values" in table)) return table;
      const { values, ...rest } = table;
      data[table.name] ??= values;
      // Drawings of one chart name their tables alike; should they differ, each keeps its own.
      return JSON.stringify(data[table.name]) === JSON.stringify(values) ? rest : table;
    });
    // Its notes are for embedders such as Jupyter.
    return [screen, { ...vega, data: tables, usermeta: undefined }];
  });
  const json = JSON.stringify({ data, drawings: Object.fromEntries(written) });
  if (json.length > LARGEST) return "";
  return `${CHART_SPECIFICATION}${json.replaceAll("<", "\\u003c")}</script>`;
}
