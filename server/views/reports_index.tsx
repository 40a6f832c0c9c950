import type { CurrentReport } from "shopflow/notebook/mod.ts";
import type { ExampleIds } from "../serving/example_ids.ts";
import type { ServedVersions } from "../serving/served_versions.ts";
import { Layout, renderPage } from "./layout.tsx";
import { ModelsPanel } from "./models_panel.tsx";
import { describeUnpublished, hasNewerData } from "./report_bar.tsx";
import { ScoringExamples } from "./scoring_examples.tsx";
import { formatAge, formatTime } from "./wording.ts";

interface IndexProps {
  reports: CurrentReport[];
  /** Names of reports that are there but cannot be read. */
  unreadable: string[];
  versions: ServedVersions;
  /** When it was asked for, which the ages of the reports count to. */
  now: Date;
  /** Where the server was reached, for the examples. */
  origin: string;
  /** Ids that exist, for the examples. */
  example: ExampleIds;
}

/** The start page: reports, models and how to ask for scores. */
export function renderReportsIndex(
  { reports, unreadable, versions, now, origin, example }: IndexProps,
): string {
  const renewed = reports.filter(({ removedAt }) => removedAt === undefined);
  const removed = reports.filter(({ removedAt }) => removedAt !== undefined);
  const card = (report: CurrentReport) => (
    <Card key={report.name} report={report} snapshot={versions.snapshot} now={now} />
  );
  return renderPage(
    <Layout title="Reports · ShopFlow" here="reports">
      <h1>Customer intelligence</h1>
      <p class="lead">
        Who is about to leave, what to offer, what to order. <Freshness versions={versions} />
      </p>
      <h2>Reports</h2>
      {reports.length + unreadable.length === 0 ? <NoReports /> : (
        <div class="grid">
          {renewed.map(card)}
          {unreadable.map((name) => <UnreadableCard key={name} name={name} />)}
        </div>
      )}
      {removed.length > 0 && (
        <>
          <h2>No longer published</h2>
          <p class="soft">The notebooks of these reports are gone. They stay as they were.</p>
          <div class="grid">{removed.map(card)}</div>
        </>
      )}
      <ModelsPanel versions={versions} />
      <ScoringExamples origin={origin} example={example} />
    </Layout>,
  );
}

function Freshness({ versions: { snapshot } }: { versions: ServedVersions }) {
  if (snapshot === null) return <>No data snapshot has been published yet.</>;
  return (
    <>
      Data snapshot <code>{snapshot.id}</code>, published {formatAge(snapshot.age_seconds)} ago.
    </>
  );
}

interface CardProps {
  report: CurrentReport;
  snapshot: ServedVersions["snapshot"];
  now: Date;
}

function Card({ report, snapshot: current, now }: CardProps) {
  const { name, title, summary, createdAt, snapshot, status, error, unpublished, removedAt } = report;
  const asOf = report.parameters.as_of;
  const age = Math.max(0, (now.getTime() - Date.parse(createdAt)) / 1000);
  return (
    <a class="card" href={`/reports/${name}`}>
      <header>
        <h3>{title}</h3>
        {status !== "succeeded"
          ? <span class="tag bad">{UNFINISHED[status].tag}</span>
          : unpublished
          ? <span class="tag bad">not updated</span>
          : removedAt !== undefined
          ? <span class="tag">removed</span>
          : current !== null && hasNewerData(report, current) && <span class="tag">newer data</span>}
      </header>
      {status === "failed"
        ? (
          <p class="soft">
            The last run stopped at an error: <code>{shortened(error ?? "unknown")}</code>
          </p>
        )
        : status === "succeeded"
        ? <p class="summary">{summary}</p>
        : <p class="soft">{UNFINISHED[status].text}</p>}
      {unpublished && (
        <p class="soft">
          {shortened(describeUnpublished(unpublished))} This is the report of {formatTime(createdAt)}.
        </p>
      )}
      <footer class="meta">
        <span>
          <time datetime={createdAt}>{formatTime(createdAt)}</time>, {formatAge(age)} ago
        </span>
        {snapshot && <span>snapshot {snapshot.slice(0, 8)}</span>}
        {asOf !== undefined && <span>as of {String(asOf)}</span>}
      </footer>
    </a>
  );
}

/** What is said of runs that did not come to their end. */
const UNFINISHED = {
  failed: { tag: "failed", text: "The last run stopped at an error." },
  cancelled: {
    tag: "cancelled",
    text: "The last run was cancelled; the page shows how far it got.",
  },
  running: {
    tag: "incomplete",
    text: "The last run did not finish; the page shows how far it got.",
  },
};

/** No link: its page could not be read either. What exactly is wrong is in the server's log, not for visitors. */
function UnreadableCard({ name }: { name: string }) {
  return (
    <div class="card">
      <header>
        <h3>{name}</h3>
        <span class="tag bad">unreadable</span>
      </header>
      <p class="soft">This report is in the lake but cannot be read. Publish it again to replace it.</p>
    </div>
  );
}

const shortened = (text: string) => text.length > 140 ? `${text.slice(0, 139)}…` : text;

function NoReports() {
  return (
    <div class="empty">
      <h3>No report has been published yet</h3>
      <p class="soft">This runs the notebooks and publishes them; they appear here without a restart.</p>
      <pre><code>deno task pipeline run all</code></pre>
    </div>
  );
}
