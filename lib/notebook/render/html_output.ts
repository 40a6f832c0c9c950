import { escapeHtml } from "../escape_html.ts";
import { droppedElements, sanitizeHtml, withScrollingTables } from "./sanitize_html.ts";

/** Elements that bring no picture of their own: without them the rest looks the same, or never ran anyway. */
const UNSEEN = ["script", "noscript", "template", "meta", "link", "base"];
/** Pixels of a line of text or a row of a table, and the heights that a frame may have. */
const LINE = 36, LOWEST = 80, HIGHEST = 720;

/**
 * HTML that a notebook made. What is text, tables and pictures becomes a part of the page, sanitised. What has a look
 * of its own (styles, drawings, forms) is shown whole in a frame that can run nothing, load nothing and reach nothing.
 */
export function renderHtml(html: string): string {
  const dropped = droppedElements(html);
  const note = dropped.has("script")
    ? '<p class="table-note">This output has a script, which reports do not run; Jupyter shows it whole.</p>'
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
