import { ordersUntilText } from "shopflow/kpis/mod.ts";
import { escapeHtml, formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import type { LineageEntry } from "../kernel/messages.ts";
import { type Cell, type CodeCell, hasTag, type Notebook, type Output } from "../format/nbformat.ts";
import { declaredIn, type DeclaredReport } from "../format/report_declaration.ts";
import { formatNotebook } from "../format/notebook_file.ts";
import { type ExecutedNotebook, type RunRecord, snapshotRead } from "../run/record.ts";
import {
  CHART_SPECIFICATION,
  linkTables,
  type OutputContext,
  renderCode,
  renderError,
  renderFoldedCode,
  renderOutputs,
} from "./content/outputs.ts";
import { chartScript, pagePolicy, type PageScript, sortScript } from "./scripts.ts";
import { createProseRenderer, type Heading, readPictures, splitOpening } from "./content/prose.ts";
import { type TableData, type TableLinks, tablesOf, tableToCsv } from "./content/tables.ts";
import { mathStyles } from "./content/formulas.ts";
import REPORT_STYLES from "./assets/report.css" with { type: "text" };

/** A notebook run as a page. */
export interface Page {
  /** The notebook's first heading, or its name. */
  title: string;
  /** The paragraph below the title, as plain text; empty when there is none. */
  summary: string;
  /** A complete document that loads nothing; its scripts only add comfort. */
  html: string;
  /** Hashes of its scripts, for {@linkcode servedPagePolicy}. */
  scripts: string[];
}

interface PageOptions {
  /** Where all rows of the page's tables are, without a slash at the end; by default the page holds them. */
  tablesHref?: string;
  /** Day of the newest order in the snapshot that was read. */
  ordersUntil?: string;
  /** Where the notebook is: pictures that are files there become part of the page. By default there are none. */
  folder?: string;
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
  const prose = createProseRenderer(await readPictures(notebook, options.folder));
  const [first] = notebook.cells;
  const report = declaredIn(record.report);
  const opening = openingOf(notebook, report);
  const cells = first && opening.title
    ? [{ ...first, source: opening.rest }, ...notebook.cells.slice(1)]
    : notebook.cells;
  const body = withHeadingLinks(
    await renderCells({ ...notebook, cells }, { prose, tableLinks: tableLinks(record, options) }),
    prose.headings,
  );
  const scripts = await scriptsFor(body);
  const hashes = scripts.map(({ hash }) => hash);
  const { title = record.notebook, summary = "" } = reportTexts(notebook, report);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(hashes)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · ShopFlow</title>
<style>${REPORT_STYLES.trim()}</style>
${body.includes("<math") ? `<style>${await mathStyles()}</style>\n` : ""}</head>
<body>
<header class="masthead">
<a class="skip" href="#report">Skip to the report</a>
<p class="kicker">ShopFlow report</p>
<h1>${escapeHtml(title)}</h1>
${summary === "" || opening.isInText ? "" : `<p class="summary">${escapeHtml(summary)}</p>`}
${renderByline(record, report, options.ordersUntil)}
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

function openingOf({ cells: [first] }: Notebook, declared: Pick<DeclaredReport, "summary">) {
  return first?.cell_type === "markdown" ? splitOpening(first.source, declared) : { rest: "" };
}

/** Title and summary of a report: what it declares, else the notebook's first heading and the paragraph below it. */
export function reportTexts(
  notebook: Notebook,
  report: Pick<DeclaredReport, "title" | "summary">,
): { title?: string; summary?: string } {
  const opening = openingOf(notebook, report);
  const title = report.title || opening.title, summary = report.summary ?? opening.summary;
  return { ...(title && { title }), ...(summary !== undefined && { summary }) };
}

/**
 * Where all rows of the page's tables are: beside the page of a run that is served, else in the page itself.
 *
 * @returns undefined for a page that is printed.
 */
function tableLinks(
  { notebook, runId }: RunRecord,
  { notebookHref, tablesHref }: PageOptions,
): ((id: string, table: TableData) => TableLinks) | undefined {
  if (notebookHref === "") return undefined;
  return (id, table) => {
    const fileName = `${notebook}_${runId}_${id}.csv`;
    if (tablesHref === undefined) {
      return {
        csv: `data:text/csv;base64,${new TextEncoder().encode(tableToCsv(table)).toBase64()}`,
        fileName,
      };
    }
    return { csv: `${tablesHref}/${id}.csv`, page: `${tablesHref}/${id}`, fileName };
  };
}

/** Links within a notebook name its headings as Jupyter does: `#The-Title`. */
function withHeadingLinks(body: string, headings: Heading[]): string {
  const ids = new Set([...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
  return body.replaceAll(/ href="#([^"]+)"/g, (link, target) => {
    if (ids.has(target)) return link;
    const wanted = decodedFragment(target);
    const heading = headings.find(({ jupyterId }) => jupyterId === wanted) ??
      headings.find(({ jupyterId }) => jupyterId.toLowerCase() === wanted.toLowerCase());
    return heading === undefined ? link : ` href="#${escapeHtml(heading.id)}"`;
  });
}

function decodedFragment(target: string): string {
  const text = target.replaceAll("&amp;", "&");
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
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

function renderByline(
  record: RunRecord,
  { audience, owner, tags = [] }: DeclaredReport,
  ordersUntil: string | undefined,
): string {
  const asOf = record.parameters.as_of;
  const snapshot = snapshotRead(record);
  const facts = [
    audience && `For <strong>${escapeHtml(audience)}</strong>`,
    owner && `Owner <strong>${escapeHtml(owner)}</strong>`,
    ordersUntil && ordersUntilText(ordersUntil).replace(/(?<=until )(.*)/, "<strong>$1</strong>"),
    asOf === undefined ? "" : `As of <strong>${escapeHtml(String(asOf))}</strong>`,
    `Run <strong>${formatTime(record.startedAt)}</strong>`,
    snapshot === undefined ? "" : `Snapshot <strong>${escapeHtml(snapshot.slice(0, 8))}</strong>`,
  ];
  const marks = tags.map((tag) => `<li>${escapeHtml(tag)}</li>`);
  return `<p class="byline">${facts.filter(Boolean).map((fact) => `<span>${fact}</span>`).join("")}</p>` +
    (marks.length > 0 ? `<ul class="tags" aria-label="Tags">${marks.join("")}</ul>` : "");
}

function renderContents(headings: Heading[]): string {
  const sections = headings.filter(({ level }) => level === 2 || level === 3);
  if (sections.length < 2) return "";
  const items = sections.map(({ level, text, id }) =>
    `<li class="level-${level}"><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`
  );
  const list = `<ol>${items.join("")}</ol>`;
  // Beside the text on wide screens; above it, folded, on narrow ones.
  return `<nav class="contents" aria-label="Contents"><p>Contents</p>${list}</nav>
<nav class="contents-above" aria-label="Contents"><details><summary>Contents</summary>${list}</details></nav>`;
}

/** In the place of an output that is not shown. */
const NOTHING: Output = { output_type: "stream", name: "stdout", text: "" };

async function renderCells({ cells, metadata }: ExecutedNotebook, context: OutputContext): Promise<string> {
  const failed = metadata.shopflow.failure?.cellId;
  const { hide_cells: hidden = [] } = declaredIn(metadata.shopflow.report);
  const parts: string[] = [];
  // Code that shows nothing is folded together with that of the next cell that does.
  let silent: CodeCell[] = [];
  for (const [i, cell] of cells.entries()) {
    const shows = visibleParts(cell, hidden);
    if (cell.cell_type === "markdown" && shows.source) {
      const text = context.prose.render(cell.source, cell.attachments);
      parts.push(linkTables(text, tablesOf(text), `cell-${i}-text-`, context));
    }
    if (cell.cell_type !== "code") continue;
    if (shows.source) silent.push(cell);
    // In their places, which name their tables.
    const shown = cell.outputs.map((output) =>
      shows.outputs && (output.output_type !== "error" || cell.id !== failed) ? output : NOTHING
    );
    if (shown.every((output) => output === NOTHING) && cell.id !== failed) continue;
    parts.push(await renderOutputs(shown, `cell-${i}`, context));
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

/** Which parts of a cell a report shows: all, but for those of the declaration and of Jupyter Book's tags. */
function visibleParts(cell: Cell, hidden: string[]): { source: boolean; outputs: boolean } {
  const tags = (cell.metadata.tags ?? []).map((tag) => tag.replaceAll("_", "-"));
  const removed = tags.includes("remove-cell") ||
    hidden.some((name) => cell.id === name || hasTag(cell, name));
  return {
    source: !removed && !tags.includes("remove-input"),
    outputs: !removed && !tags.includes("remove-output"),
  };
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
    return `${link}${others ? " and others have" : " has"} errors, so no cell was run.`;
  }
  const left = code.length - place - 1;
  const rest = left === 0
    ? "it was the last one"
    : `${left} ${left === 1 ? "cell" : "cells"} after it did not run`;
  return `${link} stopped it; ${rest}.`;
}

/**
 * Where a page's numbers come from: notebook, parameters, data and models, time.
 *
 * @param notebookHref where the executed notebook can be downloaded; empty for nowhere
 */
function renderProvenance(record: RunRecord, notebookHref: string): string {
  const read = (
    kind: string,
    describe: (fact: LineageEntry) => string,
  ) => [...new Set(record.lineage.filter((fact) => fact.kind === kind).map(describe))];
  const named = ({ name, version }: LineageEntry) => `${escapeHtml(name)} ${code(version)}`;
  const scores = read("scores", named);
  const file = `${record.notebook}.ipynb`;
  const rows: [string, string][] = [
    ["Notebook", `${code(file)} <small>${notebookVersion(record)}</small>`],
    ["Parameters", renderParameters(record)],
    ["Data", read("snapshot", ({ version }) => `snapshot ${code(version)}`).join(", ") || "none of the lake"],
    ["Models", read("model", named).join("<br>") || "none"],
    ...(scores.length === 0 ? [] : [["Scores", scores.join("<br>")] as [string, string]]),
    [
      "Run",
      `${code(record.runId)} <small>${formatTime(record.startedAt)}, ${
        formatDuration(record.milliseconds)
      }</small>`,
    ],
    ...(notebookHref === "" ? [] : [["Download", downloadLink(record, notebookHref)] as [string, string]]),
  ];
  return `<section class="provenance" aria-labelledby="provenance"><h2 id="provenance">Where this comes from</h2><dl>${
    rows.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join("")
  }</dl></section>`;
}

function downloadLink({ notebook, runId }: RunRecord, href: string): string {
  const name = escapeHtml(`${notebook}_${runId}.ipynb`);
  return `<a href="${escapeHtml(href)}" download="${name}">The notebook with its outputs</a>`;
}

function notebookVersion({ notebookSha256, commit, uncommitted }: RunRecord): string {
  const version = `version ${code(notebookSha256.slice(0, 12))}`;
  if (commit === undefined) return version;
  return `${version}, commit ${code(commit.slice(0, 12))}${uncommitted ? " with uncommitted changes" : ""}`;
}

function renderParameters({ parameters, parameterRules = {} }: RunRecord): string {
  const entries = Object.entries(parameters);
  if (entries.length === 0) return "none";
  return entries.map(([name, value]) => {
    const rule = parameterRules[name];
    const filled = rule === undefined ? "" : ` <small>by the notebook's rule ${code(rule)}</small>`;
    return `${code(name)} = ${code(String(value))}${filled}`;
  }).join("<br>");
}

const code = (text: string) => `<code>${escapeHtml(text)}</code>`;
