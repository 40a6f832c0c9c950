import { escapeHtml } from "shopflow/runtime/mod.ts";
import type { Cell, CodeCell } from "../format/nbformat.ts";
import { formatNotebook } from "../format/notebook_file.ts";
import { type ExecutedNotebook, type RunRecord, snapshotRead } from "../run/record.ts";
import { CHART_SPECIFICATION, renderCode, renderError, renderFoldedCode, renderOutputs } from "./outputs.ts";
import { chartScript, pagePolicy, type PageScript, sortScript } from "./scripts.ts";
import { createProseRenderer, type Heading, type ProseRenderer, splitOpening } from "./prose.ts";
import { formatTime, renderProvenance } from "./provenance.ts";
import { STYLESHEET } from "./stylesheet.ts";

/** A notebook run as a page. */
export interface Page {
  /** The notebook's first heading, or its name. */
  title: string;
  /** The paragraph below the title, as plain text; empty when there is none. */
  summary: string;
  /** A whole document that needs nothing else: no network, and scripts only for what is pleasant. */
  html: string;
  /** Hashes of its scripts, for {@linkcode servedPagePolicy}. */
  scripts: string[];
}

interface PageOptions {
  /** Where the executed notebook can be downloaded; by default the page holds it, `""` leaves it out. */
  notebookHref?: string;
}

/**
 * Renders a run as one self-contained HTML page. It is complete without scripts; where they run, tables can be sorted
 * and charts answer to the pointer. Its own policy allows its scripts by hash and forbids all others. A failed run's
 * page shows the failing cell first.
 */
export async function renderPage(notebook: ExecutedNotebook, options: PageOptions = {}): Promise<Page> {
  const record = notebook.metadata.shopflow;
  const prose = createProseRenderer();
  const [first] = notebook.cells;
  const opening = first?.cell_type === "markdown" ? splitOpening(first.source) : { rest: "" };
  const cells = first && opening.title
    ? [{ ...first, source: opening.rest }, ...notebook.cells.slice(1)]
    : notebook.cells;
  const body = await renderCells({ ...notebook, cells }, prose);
  const scripts = await scriptsFor(body);
  const hashes = scripts.map(({ hash }) => hash);
  const title = opening.title || record.notebook;
  const summary = opening.summary ?? "";
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(hashes)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · ShopFlow</title>
<style>${STYLESHEET}</style>
</head>
<body>
<header class="masthead">
<a class="skip" href="#report">Skip to the report</a>
<p class="kicker">ShopFlow report</p>
<h1>${escapeHtml(title)}</h1>
${summary && `<p class="summary">${escapeHtml(summary)}</p>`}
${renderByline(record)}
</header>
<div class="layout">
${renderContents(prose.headings)}
<main id="report">
${renderFailure(notebook)}
${body}
${renderProvenance(record, options.notebookHref ?? notebookAsLink(notebook))}
</main>
</div>
${scripts.map(({ source }) => `<script>${source}</script>`).join("\n")}
</body>
</html>
`;
  return { title, summary, html, scripts: hashes };
}

/** Only what the page has a use for: Vega is larger than everything else. */
async function scriptsFor(body: string): Promise<PageScript[]> {
  return [
    ...(body.includes("<table") ? [await sortScript()] : []),
    ...(body.includes(CHART_SPECIFICATION) ? [await chartScript()] : []),
  ];
}

const notebookAsLink = (notebook: ExecutedNotebook): string =>
  `data:application/x-ipynb+json;base64,${new TextEncoder().encode(formatNotebook(notebook)).toBase64()}`;

function renderByline(record: RunRecord): string {
  const asOf = record.parameters.as_of;
  const snapshot = snapshotRead(record);
  const facts = [
    asOf === undefined ? "" : `As of <strong>${escapeHtml(String(asOf))}</strong>`,
    `Run <strong>${formatTime(record.startedAt)}</strong>`,
    snapshot === undefined ? "" : `Snapshot <strong>${escapeHtml(snapshot.slice(0, 8))}</strong>`,
  ];
  return `<p class="byline">${facts.filter(Boolean).map((fact) => `<span>${fact}</span>`).join("")}</p>`;
}

function renderContents(headings: Heading[]): string {
  const sections = headings.filter(({ level }) => level === 2 || level === 3);
  if (sections.length < 2) return "";
  const items = sections.map(({ level, text, id }) =>
    `<li class="level-${level}"><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`
  );
  const list = `<ol>${items.join("")}</ol>`;
  // Beside the text where there is room; above it, folded, where there is none.
  return `<nav class="contents" aria-label="Contents"><p>Contents</p>${list}</nav>
<nav class="contents-above" aria-label="Contents"><details><summary>Contents</summary>${list}</details></nav>`;
}

async function renderCells({ cells, metadata }: ExecutedNotebook, prose: ProseRenderer): Promise<string> {
  const failed = metadata.shopflow.failure?.cellId;
  const parts: string[] = [];
  // Code that shows nothing is folded together with that of the next cell that does.
  let silent: CodeCell[] = [];
  for (const [i, cell] of cells.entries()) {
    if (cell.cell_type === "markdown") parts.push(prose.render(cell.source));
    if (cell.cell_type !== "code") continue;
    silent.push(cell);
    if (cell.outputs.length === 0) continue;
    const shown = cell.outputs.filter((output) => output.output_type !== "error" || cell.id !== failed);
    parts.push(await renderOutputs(shown, `cell-${i}`, prose));
    if (cell.id === failed) {
      parts.push(
        '<p class="error-message" id="failed-cell"><strong>This cell failed</strong> ' +
          '<a href="#failure">its code and error are above</a>.</p>',
      );
      break;
    }
    parts.push(renderFoldedCode(silent));
    silent = [];
  }
  parts.push(renderFoldedCode(silent));
  return parts.filter(Boolean).join("\n");
}

/** The failing cell with its code and traceback, before everything else. */
function renderFailure({ cells, metadata }: ExecutedNotebook): string {
  const { failure } = metadata.shopflow;
  if (failure === undefined) return "";
  const index = cells.findIndex(({ id }) => id === failure.cellId);
  const cell = cells[index];
  const error = cell?.cell_type === "code"
    ? cell.outputs.find((output) => output.output_type === "error")
    : undefined;
  return `<section class="failure" role="alert" aria-labelledby="failure">
<h2 id="failure">This run ${metadata.shopflow.status === "cancelled" ? "was cancelled" : "failed"}</h2>
<p>${
    cell?.cell_type === "code"
      ? whatStopped(cells, cell)
      : cells.length > 0
      ? "It ended before its first cell."
      : ""
  }</p>
${renderError(error ?? { output_type: "error", ...failure, traceback: [] })}
${cell ? `<h3>The failing cell</h3>${renderCode(cell.source)}` : ""}
</section>`;
}

/** Cells are counted as those that Jupyter numbers. */
function whatStopped(cells: Cell[], failed: CodeCell): string {
  const code = cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && cell.source.trim() !== ""
  );
  const place = code.indexOf(failed);
  const link = `<a href="#failed-cell">Cell ${place + 1}</a> (<code>${escapeHtml(failed.id)}</code>)`;
  // The check of types stops a notebook before anything is run.
  if (failed.execution_count === null && failed.metadata.shopflow === undefined) {
    const others = code.slice(place + 1).some(({ outputs }) => outputs.length > 0);
    return `${link}${others ? " and others" : ""} cannot be run, so no cell was.`;
  }
  const left = code.length - place - 1;
  const rest = left === 0
    ? "it was the last one"
    : `${left} ${left === 1 ? "cell" : "cells"} after it did not run`;
  return `${link} stopped it; ${rest}.`;
}
