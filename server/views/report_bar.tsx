import type { CurrentReport, UnpublishedRun } from "shopflow/notebook/mod.ts";
import type { ServedVersions } from "../serving/served_versions.ts";
import { formatTime } from "./wording.ts";

/** The report's own style sheet is not ours to rely on, so the bar brings its own. */
const STYLE = `
.report-bar { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; padding: .65rem 1.5rem; font: 500 .875rem/1.5 system-ui, sans-serif;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
.report-bar a { color: inherit; text-decoration: none; opacity: .75; }
.report-bar a:hover, .report-bar a:focus-visible { opacity: 1; text-decoration: underline; }
.report-bar :first-child { margin-right: auto; }
.report-banner { margin: 0; padding: .75rem 1.5rem; font: 500 .9375rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
  background: #fdf1ef; color: #8c1d18; border-bottom: 1px solid #f0c9c5; border-left: .3rem solid #b3261e; }
.report-banner.soft { background: #f4f5f1; color: #3d454d; border-bottom-color: #e4e5e1; border-left-color: #5d6670; }
.report-banner a { color: inherit; font-weight: 650; text-decoration: underline; white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  .report-banner { background: #2b1a19; color: #ffb4ac; border-bottom-color: #5a2c29; border-left-color: #ff8f85; }
  .report-banner.soft { background: #1f2428; color: #c7cdd3; border-bottom-color: #2d3338; border-left-color: #a3abb3; }
}
@media print { .report-bar { display: none; } }
`;

interface BarOptions {
  /** Whether the page is that of the report, not that of one of its runs. */
  current: boolean;
  /** The snapshot that the lake has now; null when there is none. */
  snapshot: ServedVersions["snapshot"];
}

/**
 * Puts the way back to the index above a report's page, the ways to other runs of it, and what a reader must know
 * before believing it: that a later run failed, that it is not renewed any more, that the data has moved on.
 */
export function addReportBar(html: string, report: CurrentReport, { current, snapshot }: BarOptions): string {
  const { name, status, runId, lastGoodRunId } = report;
  const bar = (
    <nav class="report-bar" aria-label="Site">
      <a href="/reports">← All reports</a>
      {status !== "succeeded" && lastGoodRunId && (
        <a href={runPath(name, lastGoodRunId)}>Last run that succeeded</a>
      )}
      {current
        ? <a href={runPath(name, runId)}>Link to this run</a>
        : <a href={`/reports/${name}`}>Current report</a>}
    </nav>
  );
  const banners = current ? bannersOf(report, snapshot) : [];
  const notes = banners.length > 0 ? <aside aria-label="Notes on this report">{banners}</aside> : "";
  return html
    .replace("</head>", () => `<style>${STYLE}</style></head>`)
    .replace(/<body[^>]*>/, (body) => `${body}\n${bar}${notes}`);
}

function bannersOf(report: CurrentReport, snapshot: ServedVersions["snapshot"]) {
  const { name, createdAt, status, unpublished, removedAt } = report;
  const ranAt = formatTime(createdAt);
  return [
    unpublished && (
      <p class="report-banner">
        {describeUnpublished(unpublished)} This is the report of {ranAt}.{" "}
        <RunLink name={name} run={unpublished} />
      </p>
    ),
    status !== "succeeded" && !unpublished && (
      <p class="report-banner">
        No run of this report has succeeded yet. This is what the run of {ranAt} left.
      </p>
    ),
    removedAt !== undefined && (
      <p class="report-banner">
        This report is no longer published: its notebook was missing on{" "}
        {formatTime(removedAt)}. It stays as it was on {ranAt}.
      </p>
    ),
    removedAt === undefined && snapshot !== null && hasNewerData(report, snapshot) && (
      <p class="report-banner soft">
        Newer data was published on{" "}
        {formatTime(snapshot.created_at)}. This report shows what was known when it ran, on {ranAt}.
      </p>
    ),
  ].filter((banner) => banner);
}

/** To its page or, where it has none, to the notebook with what it got to. */
function RunLink({ name, run: { runId, hasPage } }: { name: string; run: UnpublishedRun }) {
  return hasPage
    ? <a href={runPath(name, runId)}>See the failed run</a>
    : <a href={`${runPath(name, runId)}/notebook.ipynb`}>Download what it left</a>;
}

const runPath = (name: string, runId: string) => `/reports/${name}/runs/${runId}`;

/** A sentence on a run that could not take the place of the report. */
export function describeUnpublished({ startedAt, outcome, cause }: UnpublishedRun): string {
  const what = {
    failed: "failed",
    cancelled: "was cancelled",
    killed: "was killed",
    unpublished: "was not published",
  }[outcome];
  return `The run of ${formatTime(startedAt)} ${what}: ${/[.!?…]$/.test(cause) ? cause : `${cause}.`}`;
}

/** Whether a report that read the lake read another snapshot than the current one, which is younger than its run. */
export function hasNewerData(
  { snapshot, createdAt }: Pick<CurrentReport, "snapshot" | "createdAt">,
  current: { id: string; created_at: string },
): boolean {
  return snapshot !== "" && snapshot !== current.id && createdAt < current.created_at;
}
