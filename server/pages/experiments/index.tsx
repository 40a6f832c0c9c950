import type { ExperimentSummary } from "shopflow/ml/experiments/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { renderPage } from "../layout.tsx";
import { ExperimentFrame, experimentPath, shortTime } from "./frame.tsx";

/**
 * All experiments, the one that was written last first.
 *
 * @param experiments in the order in which they are shown
 */
export function renderExperimentsIndex(experiments: readonly ExperimentSummary[]): string {
  const trials = experiments.reduce((sum, experiment) => sum + experiment.trials, 0);
  return renderPage(
    <ExperimentFrame title="Experiments">
      {experiments.length === 0 ? <Empty /> : (
        <>
          <p class="lead">
            {countOf(experiments.length, "experiment")} with {countOf(trials, "trial")}{" "}
            that notebooks, scripts and trainings logged.
          </p>
          <div class="table-card" tabindex={0} role="region" aria-label="Experiments">
            <table class="blocks">
              <thead>
                <tr>
                  <th scope="col">Experiment</th>
                  <th scope="col" class="number">Trials</th>
                  <th scope="col">Last trial (UTC)</th>
                </tr>
              </thead>
              <tbody>
                {experiments.map(({ name, trials, modified }) => (
                  <tr key={name}>
                    <th scope="row">
                      <a href={experimentPath(name)}>{name}</a>
                    </th>
                    <td class="number" data-label="Trials">{formatCount(trials)}</td>
                    <td class="time" data-label="Last trial (UTC)">{shortTime(modified.toISOString())}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </ExperimentFrame>,
  );
}

function Empty() {
  return (
    <div class="empty">
      <p>
        No experiment yet. A trial that a notebook or script logs is shown here, and each training of a model.
      </p>
      <pre><code>{EXAMPLE}</code></pre>
    </div>
  );
}

const EXAMPLE = `import { openExperiment } from "shopflow/notebook/kernel.ts";

const experiment = openExperiment("churn depth");
await experiment.log({ parameters: { depth: 3 }, metrics: { active_auc: 0.81 } });`;
