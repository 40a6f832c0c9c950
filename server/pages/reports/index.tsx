import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { formatTime } from "shopflow/runtime/mod.ts";
import {
  type ExampleIds,
  jsonWithIds,
  pathWithIds,
  type ServedVersions,
  shellQuoted,
} from "../../state/served_versions.ts";
import { formatAge, formatMetric, metricName, titled } from "../wording.ts";
import type { CurrentReport } from "shopflow/notebook/report/mod.ts";
import { type FreshnessLimits, freshnessOf } from "shopflow/kpis/mod.ts";
import { OrdersUntil } from "../freshness.tsx";
import { describeUnpublished, hasNewerData } from "./bar.tsx";
import { Layout, renderPage } from "../layout.tsx";

type Metrics = Record<string, number>;

const HEADLINES = 3;

interface ModelsPanelProps {
  versions: ServedVersions;
  definitions: readonly ModelDefinition[];
}

/** The models that score, with their metrics on data they had not seen. */
function ModelsPanel({ versions: { models }, definitions }: ModelsPanelProps) {
  const entries = Object.entries(models);
  const baselineOf = (name: string) =>
    definitions.find((model) => model.name === name)?.training?.baselineName;
  if (entries.length === 0) return null;
  return (
    <section>
      <h2>Models</h2>
      <div class="grid wide">
        {entries.map(([name, { kind, version, as_of, trained_at, metrics }]) => (
          <article key={name} class="card">
            <header>
              <h3>{titled(name)}</h3>
              <code>{version}</code>
            </header>
            {kind === "baseline"
              ? <p>The baseline is in use: no model was good enough yet, or the champion cannot score.</p>
              : (
                <>
                  <Headlines metrics={metrics} baselineName={baselineOf(name)} />
                  <AllMetrics metrics={metrics} />
                </>
              )}
            <footer class="meta">
              <span>data before {as_of}</span>
              <span>trained {formatTime(trained_at)}</span>
            </footer>
          </article>
        ))}
      </div>
    </section>
  );
}

/** The metrics that can be compared with a simpler method come first; without any, the first ones. */
function Headlines({ metrics, baselineName = "" }: { metrics: Metrics; baselineName?: string | undefined }) {
  const baseline = (name: string) => metrics[`${baselineName}_${name}`];
  const names = Object.entries(metrics).filter(([name]) => !name.endsWith("_standard_error"));
  const compared = names.filter(([name]) => baseline(name) !== undefined);
  return (
    <dl class="facts">
      {(compared.length > 0 ? compared : names).slice(0, HEADLINES).map(([name, value]) => {
        const other = baseline(name);
        return (
          <div key={name}>
            <dt>{metricName(name)}</dt>
            <dd>
              {formatMetric(value)}
              {other !== undefined && <small>{baselineName} {formatMetric(other)}</small>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function AllMetrics({ metrics }: { metrics: Metrics }) {
  return (
    <details>
      <summary>All metrics on the test set</summary>
      <table>
        <tbody>
          {Object.entries(metrics).map(([name, value]) => (
            <tr key={name}>
              <td>{metricName(name)}</td>
              <td class="number">{formatMetric(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface ExamplesProps {
  origin: string;
  example: ExampleIds;
  definitions: readonly ModelDefinition[];
}

/** Commands to copy, with ids that exist in this shop. */
function ScoringExamples({ origin, example, definitions }: ExamplesProps) {
  const examples = definitions.flatMap(({ serving }) =>
    serving.endpoints.map(({ example: { question, path, body } }) => {
      const url = `curl ${shellQuoted(origin + pathWithIds(path, example))}`;
      const data = body === undefined
        ? ""
        : ` -H 'content-type: application/json' \\\n  -d ${
          shellQuoted(jsonWithIds(JSON.stringify(body), example))
        }`;
      return { title: question, command: url + data };
    })
  );
  return (
    <section>
      <h2>Scoring API</h2>
      <div class="card">
        {examples.map(({ title, command }) => (
          <div key={title}>
            <h3>{title}</h3>
            <pre><code>{command}</code></pre>
          </div>
        ))}
      </div>
      <p class="soft note">
        All endpoints with their answers are at <a href="/docs">/docs</a>, as OpenAPI at{" "}
        <a href="/openapi.json">/openapi.json</a>.
      </p>
    </section>
  );
}

interface IndexProps {
  reports: CurrentReport[];
  /** Names of reports that are there but cannot be read. */
  unreadable: string[];
  versions: ServedVersions;
  /** When it was asked for, which the ages of the reports count to. */
  now: Date;
  limits: FreshnessLimits;
  /** Where the server was reached, for the examples. */
  origin: string;
  /** Ids that exist, for the examples. */
  example: ExampleIds;
  models: readonly ModelDefinition[];
}

/** While there is no report, the page looks for the first one this often: a demo is being built. */
const SECONDS_UNTIL_FIRST = 5;

/** The start page: reports, models and how to ask for scores. */
export function renderReportsIndex(
  { reports, unreadable, versions, now, limits, origin, example, models }: IndexProps,
): string {
  const isEmpty = reports.length + unreadable.length === 0;
  const renewed = reports.filter(({ removedAt }) => removedAt === undefined);
  const removed = reports.filter(({ removedAt }) => removedAt !== undefined);
  const card = (report: CurrentReport) => (
    <Card key={report.name} report={report} snapshot={versions.snapshot} now={now} limits={limits} />
  );
  return renderPage(
    <Layout title="Reports · ShopFlow" here="reports" every={isEmpty ? SECONDS_UNTIL_FIRST : undefined}>
      <h1>Customer intelligence</h1>
      <p class="lead">
        Which customers will leave, what to recommend to them, what to reorder.{" "}
        <Freshness versions={versions} />
      </p>
      <h2>Reports</h2>
      <div id="reports" data-live>
        {isEmpty ? <NoReports /> : (
          <div class="grid">
            {renewed.map(card)}
            {unreadable.map((name) => <UnreadableCard key={name} name={name} />)}
          </div>
        )}
      </div>
      {removed.length > 0 && (
        <>
          <h2>No longer published</h2>
          <p class="soft">
            The notebooks of these reports were removed, or are no reports any more. The reports stay as they
            were.
          </p>
          <div class="grid">{removed.map(card)}</div>
        </>
      )}
      <ModelsPanel versions={versions} definitions={models} />
      <ScoringExamples origin={origin} example={example} definitions={models} />
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
  limits: FreshnessLimits;
}

function Card({ report, snapshot: current, now, limits }: CardProps) {
  const { name, title, summary, createdAt, snapshot, status, error, unpublished, removedAt } = report;
  const { audience, tags = [] } = report;
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
      {(audience !== undefined || tags.length > 0) && (
        <p class="meta">
          {audience !== undefined && <span>for {audience}</span>}
          {tags.map((tag) => <span key={tag} class="badge">{tag}</span>)}
        </p>
      )}
      <footer class="meta">
        <span>
          <time datetime={createdAt}>{formatTime(createdAt)}</time>, {formatAge(age)} ago
        </span>
        {snapshot && <span>snapshot {snapshot.slice(0, 8)}</span>}
        {asOf !== undefined && <span>as of {String(asOf)}</span>}
        {report.ordersUntil !== undefined && (
          <span>
            <OrdersUntil freshness={freshnessOf(report.ordersUntil, now, limits)} now={now} />
          </span>
        )}
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
      <p class="soft">
        This runs the notebooks and publishes them. While they run, this page looks for new ones by itself.
      </p>
      <pre><code>deno task pipeline run all</code></pre>
    </div>
  );
}
