import { countOf, formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import { formatNumber } from "shopflow/kpis/mod.ts";
import { parseRunName } from "shopflow/jobs/mod.ts";
import type { CurrentReport, Report, ReportHistory, TableData } from "shopflow/notebook/report/mod.ts";
import { runPath as jobRunPath } from "../jobs/cell.tsx";
import { renderPage } from "../layout.tsx";
import { describeUnpublished } from "./bar.tsx";
import { Pager, ReportFrame, reportPath, runPath } from "./frame.tsx";

/** Runs on a page of the history. */
export const RUNS_PER_PAGE = 30;
/** Metrics that have a column; all of them are on the page of the comparison, and in the CSV. */
const MOST_METRICS = 4;

interface HistoryProps {
  name: string;
  history: ReportHistory;
  /** From 1. */
  page: number;
  /** What the report shows; undefined where that cannot be read. */
  current: CurrentReport | undefined;
}

/** The runs of a report, the newest first, and the form that compares two of them. */
export function renderHistory({ name, history, page, current }: HistoryProps): string {
  const { runs, total, unreadable } = history;
  const title = runs[0]?.title ?? name;
  const metrics = keyMetrics(runs).slice(0, MOST_METRICS);
  const pages = Math.max(1, Math.ceil(total / RUNS_PER_PAGE));
  const rows = runs.map((run, i) => (
    <Row key={run.runId} run={run} metrics={metrics} position={i} isCurrent={run.runId === current?.runId} />
  ));
  return renderPage(
    <ReportFrame title={`Runs of ${title}`} path={[{ href: reportPath(name), text: title }]}>
      <p class="lead">
        {countOf(total, "published run")}, the newest first. Choose two to compare their parameters, data and
        metrics.
      </p>
      {current?.unpublished?.hasPage === false && (
        <p class="note-banner">
          {describeUnpublished(current.unpublished)}{" "}
          <a href={`${runPath(name, current.unpublished.runId)}/notebook.ipynb`}>
            Download the unfinished notebook
          </a>
        </p>
      )}
      <form method="get" action={`${reportPath(name)}/compare`}>
        <div class="table-card">
          <table class="blocks">
            <thead>
              <tr>
                <th scope="col">Run</th>
                {metrics.map((metric) => <th key={metric} scope="col" class="number">{metric}</th>)}
                <th scope="col">Parameters</th>
                <th scope="col">Started by</th>
                <th scope="col">Earlier</th>
                <th scope="col">Later</th>
              </tr>
            </thead>
            <tbody>{rows}</tbody>
          </table>
        </div>
        <div class="actions">
          {runs.length > 1 && <button type="submit">Compare the two runs</button>}
          <a href={`${reportPath(name)}/runs.csv`} download={`${name}_runs.csv`}>All runs as CSV</a>
        </div>
      </form>
      {unreadable.length > 0 && (
        <p class="soft">
          {countOf(unreadable.length, "run")} cannot be read:{" "}
          {unreadable.join(", ")}. The log of the server says why.
        </p>
      )}
      <Pager
        page={page}
        pages={pages}
        total={countOf(total, "run")}
        href={(page) => `${reportPath(name)}/runs?page=${page}`}
      />
    </ReportFrame>,
  );
}

interface RowProps {
  run: Report;
  metrics: string[];
  /** From 0, the newest. */
  position: number;
  isCurrent: boolean;
}

function Row({ run, metrics, position, isCurrent }: RowProps) {
  const { name, runId, createdAt, milliseconds, status, error } = run;
  const at = formatTime(createdAt);
  return (
    <tr>
      <th scope="row" data-label="Run">
        <a href={runPath(name, runId)}>{at}</a> {isCurrent && <span class="badge">current</span>}
        <small>
          {status === "succeeded" ? formatDuration(milliseconds) : (
            <span class="chip stale">
              <span aria-hidden="true">✕</span> {status}
            </span>
          )}
        </small>
        {error !== undefined && <small class="why">{error.split("\n")[0]?.slice(0, 160)}</small>}
      </th>
      {metrics.map((metric) => (
        <td key={metric} class="number" data-label={metric}>
          <MetricValue run={run} metric={metric} />
        </td>
      ))}
      <td data-label="Parameters">
        <Parameters run={run} />
      </td>
      <td data-label="Started by">
        <StartedBy run={run} />
      </td>
      <td data-label="Earlier">
        <input
          type="radio"
          name="a"
          value={runId}
          checked={position === 1}
          aria-label={`Earlier: run of ${at}`}
        />
      </td>
      <td data-label="Later">
        <input
          type="radio"
          name="b"
          value={runId}
          checked={position === 0}
          aria-label={`Later: run of ${at}`}
        />
      </td>
    </tr>
  );
}

/** What a run's notebook showed for a metric. */
export function MetricValue({ run, metric }: { run: Report; metric: string }) {
  const shown = run.metrics[metric];
  if (shown === undefined) return <span class="soft">not shown</span>;
  return (
    <>
      {shownValue(shown.value)}
      {shown.note && <small>{shown.note}</small>}
    </>
  );
}

/** As the page of the report shows it. */
export const shownValue = (value: string | number): string =>
  typeof value === "number" ? formatNumber(value) : value;

function Parameters({ run: { parameters } }: { run: Report }) {
  const entries = Object.entries(parameters);
  if (entries.length === 0) return <span class="soft">none</span>;
  return (
    <ul class="parameters">
      {entries.map(([name, value]) => <li key={name}>{name} = {String(value)}</li>)}
    </ul>
  );
}

/** The scheduled run or the command that started a run. */
export function StartedBy({ run: { startedBy = {} } }: { run: Report }) {
  const { scheduledRun, command } = startedBy;
  const { job, scheduledFor } = scheduledRun === undefined ? {} : parseRunName(scheduledRun);
  if (job !== undefined && scheduledFor !== undefined) {
    return <a href={jobRunPath({ job, scheduledFor })}>the job {job}, run of {formatTime(scheduledFor)}</a>;
  }
  if (scheduledRun !== undefined) return <>{scheduledRun}</>;
  return command === undefined ? <span class="soft">not recorded</span> : <code>{command}</code>;
}

/** The metrics of some runs, in the order of the newest that has any. */
export const keyMetrics = (runs: Report[]): string[] => [
  ...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics))),
];

/** The history as a table of data. */
export function historyTable(runs: Report[]): TableData {
  const metrics = keyMetrics(runs);
  const parameters = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
  return {
    columns: [
      ...["run", "started_at", "status", "milliseconds", "started_by", "snapshot", "orders_until"],
      ...parameters.map((name) => `parameter ${name}`),
      ...metrics,
    ],
    rows: runs.map((run) => [
      ...[run.runId, run.createdAt, run.status, String(run.milliseconds)],
      run.startedBy?.scheduledRun ?? run.startedBy?.command ?? "",
      ...[run.snapshot, run.ordersUntil ?? ""],
      ...parameters.map((name) => String(run.parameters[name] ?? "")),
      ...metrics.map((name) => String(run.metrics[name]?.value ?? "")),
    ]),
  };
}
