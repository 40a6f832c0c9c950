import FRESHNESS_STYLES from "../assets/freshness.css" with { type: "text" };
import BAR_STYLES from "../assets/report_bar.css" with { type: "text" };
import { formatTime } from "shopflow/runtime/mod.ts";
import type { ServedVersions } from "../../state/served_versions.ts";
import type { Freshness } from "shopflow/kpis/mod.ts";
import type { CurrentReport, UnpublishedRun } from "shopflow/notebook/report/mod.ts";
import { OrdersUntil } from "../freshness.tsx";
import { runPath } from "./frame.tsx";

interface BarOptions {
  /** Whether the page is that of the report, not that of one of its runs. */
  current: boolean;
  /** The snapshot that the lake has now; null when there is none. */
  snapshot: ServedVersions["snapshot"];
  /** How current the report's own data is; undefined of one that read no orders. */
  freshness: Freshness | undefined;
  now: Date;
}

/**
 * Puts the way back to the index above a report's page, the ways to other runs of it, and what a reader must know
 * before believing it: that a later run failed, that it is not renewed any more, that the data has moved on.
 */
export function addReportBar(
  html: string,
  report: CurrentReport,
  { current, snapshot, freshness, now }: BarOptions,
): string {
  const { name, status, runId, lastGoodRunId } = report;
  const bar = (
    <nav class="report-bar" aria-label="Site">
      <a href="/reports">← All reports</a>
      {current && freshness && (
        <span class="orders-until">
          <OrdersUntil freshness={freshness} now={now} />
        </span>
      )}
      {status !== "succeeded" && lastGoodRunId && (
        <a href={runPath(name, lastGoodRunId)}>Last run that succeeded</a>
      )}
      <a href={`/reports/${name}/runs`}>All runs</a>
      {current
        ? <a href={runPath(name, runId)}>Link to this run</a>
        : <a href={`/reports/${name}`}>Current report</a>}
    </nav>
  );
  const banners = current ? bannersOf(report, snapshot) : [];
  const notes = banners.length > 0 ? <aside aria-label="Notes on this report">{banners}</aside> : "";
  return html
    .replace("</head>", () => `<style>${BAR_STYLES}${FRESHNESS_STYLES}</style></head>`)
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
        No run of this report has succeeded yet. This is the partial result of the run of {ranAt}.
      </p>
    ),
    removedAt !== undefined && (
      <p class="report-banner">
        This report is no longer published: on {formatTime(removedAt)}{" "}
        its notebook was missing, or was no report any more. It shows the run of {ranAt}.
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
    : <a href={`${runPath(name, runId)}/notebook.ipynb`}>Download the unfinished notebook</a>;
}

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
