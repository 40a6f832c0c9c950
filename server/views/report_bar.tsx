import type { Report } from "shopflow/notebook/mod.ts";

/** The report's own style sheet is not ours to rely on, so the bar brings its own. */
const STYLE = `
.report-bar { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; padding: .65rem 1.5rem; font: 500 .875rem/1.5 system-ui, sans-serif;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
.report-bar a { color: inherit; text-decoration: none; opacity: .75; }
.report-bar a:hover, .report-bar a:focus-visible { opacity: 1; text-decoration: underline; }
.report-bar :first-child { margin-right: auto; }
@media print { .report-bar { display: none; } }
`;

/**
 * Puts the way back to the index above a report's page, and the ways to other runs of it.
 *
 * @param current whether this is the report's newest run
 */
export function addReportBar(html: string, report: Report, current: boolean): string {
  const { name, status, runId, lastGoodRunId } = report;
  const run = (id: string) => `/reports/${name}/runs/${id}`;
  const bar = (
    <nav class="report-bar" aria-label="Site">
      <a href="/reports">← All reports</a>
      {status !== "succeeded" && lastGoodRunId && <a href={run(lastGoodRunId)}>Last run that succeeded</a>}
      {current ? <a href={run(runId)}>Link to this run</a> : <a href={`/reports/${name}`}>Newest run</a>}
    </nav>
  );
  return html
    .replace("</head>", () => `<style>${STYLE}</style></head>`)
    .replace(/<body[^>]*>/, (body) => `${body}\n${bar}`);
}
