import { escapeHtml, formatCount, formatDuration } from "shopflow/runtime/mod.ts";
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import type {
  CodeCell,
  DisplayOutput,
  ErrorOutput,
  MimeBundle,
  Output,
  ResultOutput,
} from "../../format/nbformat.ts";
import {
  completeSvg,
  droppedElements,
  losesItsLook,
  sanitizeHtml,
  sanitizeSvg,
  withScrollingTables,
} from "./sanitize.ts";
import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { drawChart, type DrawnChart } from "../../charts/render_svg.ts";
import { NotebookError, ShopFlowError } from "shopflow/errors/mod.ts";
import { type TableData, type TableLinks, tablesOf, withTableLinks } from "./tables.ts";
import { createProseRenderer, type ProseRenderer } from "./prose.ts";

hljs.registerLanguage("typescript", typescript);

/** TypeScript with its syntax marked up. */
export function renderCode(source: string): string {
  const { value } = hljs.highlight(source, { language: "typescript", ignoreIllegals: true });
  return `<pre class="code"><code>${value}</code></pre>`;
}

/** The code of successive cells, folded: readers of a report want its results first. */
export function renderFoldedCode(cells: CodeCell[]): string {
  const sources = cells.filter((cell) => cell.source.trim() !== "");
  if (sources.length === 0) return "";
  const lines = sources.reduce((total, cell) => total + cell.source.trim().split("\n").length, 0);
  const milliseconds = sources.reduce(
    (total, cell) => total + (cell.metadata.shopflow?.milliseconds ?? 0),
    0,
  );
  const facts = `${lines} ${lines === 1 ? "line" : "lines"} · ${formatDuration(milliseconds)}`;
  return `<details class="fold"><summary>Code <small>${facts}</small></summary>` +
    sources.map((cell) => renderCode(cell.source.trim())).join("") + "</details>";
}

/**
 * A picture in the page.
 *
 * @param drawing which drawing of its chart it is: `wide`, for screens, or `narrow`, for phones.
 */
function figure(content: string, drawing = ""): string {
  const mark = drawing && ` data-drawing="${drawing}"`;
  return `<figure class="chart ${drawing}"${mark}>${content}</figure>`;
}

/** What pandas and Polars say of the look of their tables; ours have their own. */
const DATAFRAME_STYLE = /<style( scoped)?>\s*(\.dataframe\b[^{}]*\{[^{}]*\}\s*)+<\/style>/g;
/** Elements that bring no picture of their own: without them the rest looks the same, or never ran anyway. */
const UNSEEN = ["script", "noscript", "template", "meta", "link", "base"];
/** Pixels of a line of text or a row of a table, and the heights that a frame may have. */
const LINE = 36, LOWEST = 80, HIGHEST = 720;

/**
 * HTML that a notebook made. What is text, tables and pictures becomes a part of the page, sanitised. What has a look
 * of its own (styles, drawings, forms) is shown complete in a frame that can run nothing, load nothing and reach nothing.
 */
export function renderHtml(output: string): string {
  const html = output.replaceAll(DATAFRAME_STYLE, "");
  const dropped = droppedElements(html);
  const note = dropped.has("script")
    ? '<p class="table-note">This output has a script, which reports do not run. Open the notebook in Jupyter to see it.</p>'
    : "";
  if ([...dropped].some((name) => !UNSEEN.includes(name))) return frame(html) + note;
  return `<div class="output-html">${withScrollingTables(sanitizeHtml(html))}</div>${note}`;
}

function frame(html: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  const document =
    `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<meta name="color-scheme" content="light dark"><style>${STYLE}</style>${html}`;
  return `<iframe class="output-frame" title="Output of the notebook" sandbox="" loading="lazy" ` +
    `style="height:${likelyHeight(html)}px" srcdoc="${escapeHtml(document)}"></iframe>`;
}

const STYLE = "body{margin:0;font:16px/1.6 system-ui,sans-serif;background:transparent}";

/** Nothing can measure what is inside of such a frame, so this guesses; readers may pull it larger. */
function likelyHeight(html: string): number {
  const named = [...html.matchAll(/\bheight\s*[=:]\s*["']?(\d{2,4})/gi)].map(([, pixels]) => Number(pixels));
  const lines = html.match(/<(tr|p|li|h[1-6]|br|div|pre)\b/gi)?.length ?? 1;
  return Math.min(HIGHEST, Math.max(LOWEST, Math.max(0, ...named) + LINE * lines));
}

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
async function renderChart(spec: unknown, drawn: unknown, id: string): Promise<string> {
  try {
    const drawings = await drawForScreens(asSpecification(spec));
    const elements = Object.entries(drawings).map(([screen, { svg }]) =>
      figure(sanitizeSvg(svg, `${id}${screen}-`), screen)
    );
    return `<div class="chart-drawings">${elements.join("")}${specifications(drawings)}</div>`;
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    if (typeof drawn === "string") return figure(renderSvg(drawn, id));
    return `<p class="error-message"><strong>Chart</strong> ${escapeHtml(error.message)}</p>`;
  }
}

function asSpecification(value: unknown): ChartSpec {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ChartSpec;
  throw new NotebookError("Invalid chart specification", {
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

const VEGA_LITE = /^application\/vnd\.vegalite\.v\d+\+json$/;
/** Characters of a printed text that a page shows. */
const LONGEST_TEXT = 100_000;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** What all outputs of a page share. */
export interface OutputContext {
  prose: ProseRenderer;
  /** Where all rows of a table are, by the id of the table; without it tables have no links. */
  tableLinks?: ((id: string, table: TableData) => TableLinks) | undefined;
}

/** Turns a cell's outputs into HTML. `id` is unique in the page and names what the outputs contain. */
export async function renderOutputs(outputs: Output[], id: string, context: OutputContext): Promise<string> {
  const parts: string[] = [];
  for (const [i, output] of outputs.entries()) {
    const html = await renderOutput(output, `${id}-${i}-`, context.prose);
    const data = "data" in output ? output.data : {};
    const tables = isWithoutTable(html) ? outputTables(data) : tablesOf(html, data);
    parts.push(linkTables(html, tables, `${id}-${i}-`, context));
  }
  return parts.join("\n");
}

/** Whether an output has tables that are not in the page: those of a frame, and the data of a chart. */
const isWithoutTable = (html: string) => /^<(iframe|div class="chart-drawings")/.test(html);

/** The tables of an output, with all rows; those of a chart are its data. Of a picture or a text there are none. */
export function outputTables(data: MimeBundle): TableData[] {
  const { "text/html": html, "text/markdown": markdown } = data;
  const chart = Object.keys(data).find((mime) => VEGA_LITE.test(mime));
  if (chart !== undefined) return chartTables(data[chart]);
  if (typeof html === "string") return tablesOf(sanitizeHtml(html.replaceAll(DATAFRAME_STYLE, "")), data);
  return typeof markdown === "string" ? tablesOf(createProseRenderer().render(markdown)) : [];
}

/** The rows that a chart draws, where its specification has them in one place. */
function chartTables(spec: unknown): TableData[] {
  const { title, data } = (spec ?? {}) as { title?: unknown; data?: { values?: unknown } };
  const values = data?.values;
  if (!Array.isArray(values) || values.length === 0 || !values.every(isRecord)) return [];
  const columns = [...new Set(values.flatMap((row) => Object.keys(row)))];
  const rows = values.map((row) => columns.map((name) => chartText(row[name])));
  return [{ ...(typeof title === "string" && { caption: title }), columns, rows }];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function chartText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The tables with the ways to their rows; those of a frame or a chart have them below it. */
export function linkTables(
  html: string,
  tables: TableData[],
  id: string,
  { tableLinks }: Pick<OutputContext, "tableLinks">,
): string {
  if (tableLinks === undefined || tables.length === 0) return html;
  const place = isWithoutTable(html) ? html + "<table></table></div>".repeat(tables.length) : html;
  return withTableLinks(place, tables, (index) => tableLinks(`${id}${index}`, tables[index]!))
    .replaceAll("<table></table></div>", "");
}

function renderOutput(output: Output, id: string, prose: ProseRenderer): string | Promise<string> {
  switch (output.output_type) {
    case "stream":
      return output.text === ""
        ? ""
        : renderText(overwritten(output.text).trimEnd(), `stream ${output.name}`);
    case "error":
      return renderError(output);
    default:
      return renderBundle(output, id, prose);
  }
}

/** What a terminal shows in the end: a carriage return starts its line again, as progress bars do. */
function overwritten(text: string): string {
  if (!text.includes("\r")) return text;
  return text.replaceAll(/\r+\n/g, "\n").split("\n").map((line) => {
    let shown = "";
    for (const part of line.split("\r")) shown = part + shown.slice(part.length);
    return shown;
  }).join("\n");
}

/** An error with its traceback. */
export function renderError({ ename, evalue, traceback }: ErrorOutput): string {
  const trace = withoutColours(traceback.join("\n")).trim();
  const [message = ""] = withoutColours(evalue).split("\n");
  return `<p class="error-message"><strong>${escapeHtml(ename)}</strong> ${escapeHtml(message)}</p>` +
    (trace && `<pre class="traceback">${escapeHtml(trace)}</pre>`);
}

/** The best of the representations that a value brings, in JupyterLab's order. */
async function renderBundle(
  { data, metadata }: DisplayOutput | ResultOutput,
  id: string,
  prose: ProseRenderer,
): Promise<string> {
  const text = (type: string) => typeof data[type] === "string" ? data[type] : undefined;
  const chart = Object.keys(data).find((mime) => VEGA_LITE.test(mime));
  if (chart) return await renderChart(data[chart], data["image/svg+xml"], id);
  const svg = text("image/svg+xml");
  const picture = PICTURES.find((mime) => typeof data[mime] === "string");
  const html = text("text/html");
  // What only a script would draw is better seen as the picture that came with it.
  if (html !== undefined && !((svg || picture) && droppedElements(html).has("script"))) {
    return renderHtml(html);
  }
  const markdown = text("text/markdown"), latex = text("text/latex");
  if (markdown !== undefined) return prose.render(markdown);
  if (latex !== undefined) return `<div class="formula">${prose.renderLatex(latex)}</div>`;
  if (svg !== undefined) return figure(renderSvg(svg, id, metadata));
  if (picture) return figure(renderPicture(picture, text(picture) ?? "", metadata));
  return renderAsText(data);
}

/** A picture in the size, and with the words, that its output's metadata gives it. */
function renderPicture(type: string, data: string, metadata: Record<string, unknown>): string {
  const own = metadata[type];
  const facts = (typeof own === "object" && own !== null ? own : metadata) as Record<string, unknown>;
  const size = (["width", "height"] as const).flatMap((name) => {
    const pixels = Number(facts[name]);
    return pixels > 0 && pixels < 20_000 ? [` ${name}="${Math.round(pixels)}"`] : [];
  });
  const alt = typeof facts.alt === "string" ? facts.alt : "";
  return `<img alt="${escapeHtml(alt)}"${size.join("")} src="data:${type};base64,${base64(data)}">`;
}

/** A drawing as a part of the page, where that shows all of it, else as a picture. */
function renderSvg(svg: string, id: string, metadata: Record<string, unknown> = {}): string {
  if (!losesItsLook(svg)) return sanitizeSvg(svg, id);
  return renderPicture("image/svg+xml", new TextEncoder().encode(completeSvg(svg)).toBase64(), metadata);
}

function renderAsText(data: MimeBundle): string {
  const json = data["application/json"];
  const text = json === undefined ? data["text/plain"] : JSON.stringify(json, null, 2);
  return typeof text === "string" ? renderText(text, "result") : "";
}

/** Text as it was printed; of very long text only the beginning. */
function renderText(text: string, className: string): string {
  const shown = `<pre class="${className}">${escapeHtml(withoutColours(text.slice(0, LONGEST_TEXT)))}</pre>`;
  if (text.length <= LONGEST_TEXT) return shown;
  const [part, all] = [LONGEST_TEXT, text.length].map(formatCount);
  return `${shown}<p class="table-note">The first ${part} of ${all} characters; the notebook has all of them.</p>`;
}

const base64 = (text: string) => text.replaceAll(/[^A-Za-z0-9+/=]/g, "");

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex -- terminal colours are control characters
  return text.replaceAll(/\x1b\[[\d;]*[A-Za-z]/g, "");
}
