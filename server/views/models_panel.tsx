import type { ServedVersions } from "../serving/served_versions.ts";
import { formatMetric, formatTime, metricName, titled } from "./wording.ts";

type Metrics = Record<string, number>;

/** How model cards name the metric of a simpler method on the same data. */
const SIMPLER = ["baseline", "popularity"];
const HEADLINES = 3;

/** The models that score, with their metrics on data they had not seen. */
export function ModelsPanel({ versions: { models } }: { versions: ServedVersions }) {
  const entries = Object.entries(models);
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
              ? <p>The baseline answers: no model was good enough yet, or the champion cannot score.</p>
              : (
                <>
                  <Headlines metrics={metrics} />
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
function Headlines({ metrics }: { metrics: Metrics }) {
  const names = Object.keys(metrics).filter((name) => !name.endsWith("_standard_error"));
  const compared = names.filter((name) => simpler(metrics, name) !== undefined);
  return (
    <dl class="facts">
      {(compared.length > 0 ? compared : names).slice(0, HEADLINES).map((name) => {
        const other = simpler(metrics, name);
        return (
          <div key={name}>
            <dt>{metricName(name)}</dt>
            <dd>
              {formatMetric(metrics[name]!)}
              {other && <small>{other.method} {formatMetric(other.value)}</small>}
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
      <summary>All hold-out metrics</summary>
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

function simpler(metrics: Metrics, name: string): { method: string; value: number } | undefined {
  const method = SIMPLER.find((method) => `${method}_${name}` in metrics);
  return method === undefined ? undefined : { method, value: metrics[`${method}_${name}`]! };
}
