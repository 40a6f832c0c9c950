import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import type { CodeCell } from "../nbformat.ts";

hljs.registerLanguage("typescript", typescript);

/** TypeScript with its syntax marked up. */
export function renderCode(source: string): string {
  const { value } = hljs.highlight(source, { language: "typescript", ignoreIllegals: true });
  return `<pre class="code"><code>${value}</code></pre>`;
}

/** The code of successive cells, folded: whoever reads a report wants its results first. */
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

/** A duration in the unit that suits its size. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round(milliseconds % 60_000 / 1000)} s`;
}
