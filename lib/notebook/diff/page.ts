import { escapeHtml } from "shopflow/runtime/mod.ts";
import type { MimeBundle } from "../format/nbformat.ts";
import { cellTitle, type DifferenceNames, differenceSummary, valueText } from "./text.ts";
import {
  type CellChange,
  hunks,
  type LineChange,
  type NotebookDifference,
  type OutputChange,
  type ValueChange,
} from "./difference.ts";

/** The difference of two notebooks as one HTML page that loads nothing and runs nothing. */
export function differencePage(difference: NotebookDifference, { before, after }: DifferenceNames): string {
  const title = `${before} → ${after}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(differenceSummary(difference))}</p>
${values(difference.metadata)}
${difference.cells.map(cell).join("\n")}
</body></html>
`;
}

function cell(change: CellChange): string {
  return `<section class="${change.change}" id="${escapeHtml(change.id)}"><h2>${
    escapeHtml(cellTitle(change))
  }</h2>
${values(change.metadata)}${block(change.source)}${change.outputs.map(output).join("\n")}</section>`;
}

function output({ name, mimes, lines, before, after }: OutputChange): string {
  const heading = mimes.length > 0 ? `${name}: ${mimes.join(", ")}` : name;
  const pictures = [picture("before", before), picture("after", after)].filter((html) => html !== "");
  return `<h3>${escapeHtml(heading)}</h3>${block(lines)}${
    mimes.some((mime) => mime.startsWith("image/")) ? `<div class="pictures">${pictures.join("")}</div>` : ""
  }`;
}

/** A picture as an image, whose scripts, should an SVG have any, no browser runs. */
function picture(caption: string, bundle: MimeBundle = {}): string {
  const found = Object.entries(bundle).find(([mime]) => mime.startsWith("image/"));
  if (found === undefined) return "";
  const [mime, data] = [found[0], String(found[1])];
  const address = mime === "image/svg+xml"
    ? `data:image/svg+xml,${encodeURIComponent(data)}`
    : `data:${mime};base64,${data.replaceAll(/\s/g, "")}`;
  return `<figure><figcaption>${caption}</figcaption><img alt="${caption}" src="${
    escapeHtml(address)
  }"></figure>`;
}

function block(changes: LineChange[]): string {
  if (changes.length === 0) return "";
  return `<pre>${hunks(changes).map((change) => change ? line(change) : `<i>⋮</i>`).join("")}</pre>`;
}

function line({ kind, segments }: LineChange): string {
  const tag = kind === "removed" ? "del" : kind === "added" ? "ins" : "span";
  const sign = kind === "removed" ? "-" : kind === "added" ? "+" : " ";
  const text = segments.map(({ text, changed }) =>
    changed ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text)
  );
  return `<${tag}>${sign} ${text.join("")}</${tag}>`;
}

function values(changes: ValueChange[]): string {
  if (changes.length === 0) return "";
  const rows = changes.map(({ path, before, after }) =>
    `<tr><th>${escapeHtml(path)}</th><td><del>${escapeHtml(valueText(before))}</del></td><td><ins>${
      escapeHtml(valueText(after))
    }</ins></td></tr>`
  );
  return `<table>${rows.join("")}</table>`;
}

const STYLE = `
:root{color-scheme:light dark;--removed:#ffebe9;--added:#e6ffec;--word-removed:#ff9b94;--word-added:#7ee29b}
@media (prefers-color-scheme:dark){:root{--removed:#4b1a1d;--added:#12361f;--word-removed:#8f2f33;--word-added:#1f6b39}}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px}
h1{font-size:1.3em}h2{font:600 1em ui-monospace,monospace;margin:0;padding:6px 10px;background:rgba(128,128,128,.15)}
h3{font-size:.9em;margin:8px 10px 0}
section{border:1px solid rgba(128,128,128,.4);border-radius:6px;margin:16px 0;overflow:hidden}
section.added h2{background:var(--added)}section.removed h2{background:var(--removed)}
pre{font:13px/1.45 ui-monospace,monospace;margin:6px 0;overflow-x:auto}
pre>*{display:block;white-space:pre-wrap;padding:0 10px;text-decoration:none;font-style:normal;min-height:1.45em}
pre del,td del{background:var(--removed);text-decoration:none}pre ins,td ins{background:var(--added);text-decoration:none}
pre mark{color:inherit}del mark{background:var(--word-removed)}ins mark{background:var(--word-added)}
table{margin:6px 10px;border-collapse:collapse}th,td{text-align:left;padding:2px 10px 2px 0;font:13px ui-monospace,monospace}
.pictures{display:flex;flex-wrap:wrap;gap:12px;padding:8px 10px}figure{margin:0;flex:1 1 320px}
img{max-width:100%;background:#fff}`.trim();
