import { escapeHtml } from "../escape_html.ts";
import type { ErrorOutput, MimeBundle, Output } from "../nbformat.ts";
import { renderChart } from "./chart_output.ts";
import { figure } from "./figure.ts";
import { renderHtml } from "./html_output.ts";
import type { ProseRenderer } from "./prose.ts";
import { sanitizeSvg } from "./sanitize_html.ts";

const VEGA_LITE = /^application\/vnd\.vegalite\.v\d+\+json$/;
/** Characters of a printed text that a page shows. */
const LONGEST_TEXT = 100_000;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

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
      return renderText(output.text.trimEnd(), `stream ${output.name}`);
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
  if (chart) return await renderChart(data[chart], data["image/svg+xml"], id);
  if (typeof data["image/svg+xml"] === "string") return figure(sanitizeSvg(data["image/svg+xml"], id));
  const picture = PICTURES.find((mime) => typeof data[mime] === "string");
  if (picture) return figure(`<img alt="" src="data:${picture};base64,${base64(data[picture] as string)}">`);
  if (typeof data["text/html"] === "string") return renderHtml(data["text/html"]);
  if (typeof data["text/markdown"] === "string") return prose.render(data["text/markdown"]);
  const json = data["application/json"];
  const text = json === undefined ? data["text/plain"] : JSON.stringify(json, null, 2);
  return typeof text === "string" ? renderText(text, "result") : "";
}

/** Text as it was printed; of very much of it the beginning, since nobody scrolls through a book to the next chart. */
function renderText(text: string, className: string): string {
  const shown = `<pre class="${className}">${escapeHtml(withoutColours(text.slice(0, LONGEST_TEXT)))}</pre>`;
  if (text.length <= LONGEST_TEXT) return shown;
  const [part, all] = [LONGEST_TEXT, text.length].map((count) => count.toLocaleString("en-US"));
  return `${shown}<p class="table-note">The first ${part} of ${all} characters; the notebook has all of them.</p>`;
}

const base64 = (text: string) => text.replaceAll(/[^A-Za-z0-9+/=]/g, "");

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex -- terminal colours are control characters
  return text.replaceAll(/\x1b\[[\d;]*[A-Za-z]/g, "");
}
