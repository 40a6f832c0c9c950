import type { ServedVersions } from "../serving/served_versions.ts";
import { formatMetric, formatTime, wordsOf } from "./wording.ts";

/** The models that score, with their metrics on data they had not seen. */
export function ModelsPanel({ versions: { models } }: { versions: ServedVersions }) {
  const entries = Object.entries(models);
  if (entries.length === 0) return null;
  return (
    <section>
      <h2>Models</h2>
      <div class="grid">
        {entries.map(([name, { version, as_of, trained_at, metrics }]) => (
          <article key={name} class="card">
            <header>
              <h3>{wordsOf(name)}</h3>
              <code>{version}</code>
            </header>
            <dl class="facts">
              {Object.entries(metrics).map(([metric, value]) => (
                <div key={metric}>
                  <dt>{wordsOf(metric)}</dt>
                  <dd>{formatMetric(value)}</dd>
                </div>
              ))}
            </dl>
            <footer class="meta">
              <span>hold-out metrics</span>
              <span>data up to {as_of}</span>
              <span>trained {formatTime(trained_at)}</span>
            </footer>
          </article>
        ))}
      </div>
    </section>
  );
}
