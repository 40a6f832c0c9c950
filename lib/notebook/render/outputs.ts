import { type ChartSpec, renderSvg } from "shopflow/charts/mod.ts";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import { escapeHtml } from "../escape_html.ts";
import type { ErrorOutput, MimeBundle, Output } from "../nbformat.ts";
import type { ProseRenderer } from "./prose.ts";
import { sanitizeHtml, sanitizeSvg, withScrollingTables } from "./sanitize_html.ts";

const VEGA_LITE = /^application\/vnd\.vegalite\.v\d+\+json$/;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Pixels of the text's column on a wide screen, and of a phone's screen between its margins. */
const COLUMN_WIDTH = 736, PHONE_WIDTH = 354;

/** Turns a cell's outputs into HTML. `id` is unique in the page and names what the outputs contain. */
export async function renderOutputs(outputs: Output[], id: string, prose: ProseRenderer): Promise<string> {
  const parts: string[] = [];
  for (const [i, output] of outputs.entries()) {
    parts.push(await renderOutput(output, `${id}-${i}-`, prose));
  }
  return parts.join("\n");
}

function renderOutput(output: Output, id: string, prose: ProseRenderer): string | Promise<string> {
  switch (output.output_type) {
    case "stream":
      return `<pre class="stream ${output.name}">${escapeHtml(withoutColours(output.text).trimEnd())}</pre>`;
    case "error":
      return renderError(output);
    default:
      return renderBundle(output.data, id, prose);
  }
}

/** An error with its traceback. */
export function renderError({ ename, evalue, traceback }: ErrorOutput): string {
  const trace = withoutColours(traceback.join("\n")).trim();
  const [message = ""] = withoutColours(evalue).split("\n");
  return `<p class="error-message"><strong>${escapeHtml(ename)}</strong> ${escapeHtml(message)}</p>` +
    (trace && `<pre class="traceback">${escapeHtml(trace)}</pre>`);
}

/** The best of the representations that a value brings. */
async function renderBundle(data: MimeBundle, id: string, prose: ProseRenderer): Promise<string> {
  const chart = Object.keys(data).find((mime) => VEGA_LITE.test(mime));
  if (chart) return await renderChart(data[chart] as ChartSpec, data["image/svg+xml"], id);
  if (typeof data["image/svg+xml"] === "string") return figure(sanitizeSvg(data["image/svg+xml"], id));
  const picture = PICTURES.find((mime) => typeof data[mime] === "string");
  if (picture) return figure(`<img alt="" src="data:${picture};base64,${base64(data[picture] as string)}">`);
  if (typeof data["text/html"] === "string") {
    return `<div class="output-html">${withScrollingTables(sanitizeHtml(data["text/html"]))}</div>`;
  }
  if (typeof data["text/markdown"] === "string") return prose.render(data["text/markdown"]);
  const json = data["application/json"];
  const text = json === undefined ? data["text/plain"] : JSON.stringify(json, null, 2);
  return typeof text === "string" ? `<pre class="result">${escapeHtml(withoutColours(text))}</pre>` : "";
}

/**
 * Draws the chart for wide screens, and once more for phones where one plot can simply be narrower; what cannot be
 * drawn here falls back to the picture that the notebook made.
 */
async function renderChart(spec: ChartSpec, drawn: unknown, id: string): Promise<string> {
  try {
    if (!isSingleView(spec)) return figure(sanitizeSvg(await renderSvg(spec), id));
    const own = "width" in spec && typeof spec.width === "number";
    const wide = await renderSvg(spec, own ? {} : { width: COLUMN_WIDTH });
    return figure(sanitizeSvg(wide, `${id}w-`), "wide") +
      figure(sanitizeSvg(await renderSvg(spec, { width: PHONE_WIDTH }), `${id}n-`), "narrow");
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    if (typeof drawn === "string") return figure(sanitizeSvg(drawn, id));
    return `<p class="error-message"><strong>Chart</strong> ${escapeHtml(error.message)}</p>`;
  }
}

function isSingleView(spec: ChartSpec): boolean {
  const encoding = ("encoding" in spec ? spec.encoding : undefined) as Record<string, unknown> | undefined;
  const faceted = ["row", "column", "facet"].some((channel) => encoding?.[channel] !== undefined);
  const stepped = "width" in spec && typeof spec.width === "object";
  return ("mark" in spec || "layer" in spec) && !faceted && !stepped;
}

const figure = (content: string, kind = "") => `<figure class="chart ${kind}">${content}</figure>`;

const base64 = (text: string) => text.replaceAll(/[^A-Za-z0-9+/=]/g, "");

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex -- terminal colours are control characters
  return text.replaceAll(/\x1b\[[\d;]*[A-Za-z]/g, "");
}
