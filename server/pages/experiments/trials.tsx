import {
  differenceText,
  fieldValue,
  namesOf,
  type PairedComparison,
  type Trial,
  valueText,
} from "shopflow/ml/experiments/mod.ts";
import { countOf, formatDuration, formatTime } from "shopflow/runtime/mod.ts";
import { renderPage } from "../layout.tsx";
import {
  ExperimentFrame,
  experimentPath,
  type Picture,
  PictureCard,
  sourceText,
  trialPath,
} from "./frame.tsx";

/** One trial with everything that was logged. */
export function renderTrial(trial: Trial, pictures: readonly Picture[]): string {
  const { id, experiment, status, startedAt, endedAt, predictions, search, failure, steps } = trial;
  const took = Date.parse(endedAt) - Date.parse(startedAt);
  const source = sourceText(trial);
  return renderPage(
    <ExperimentFrame title={`Trial ${id}`} path={[{ href: experimentPath(experiment), text: experiment }]}>
      <p class="lead">
        {status === "failed" ? "Failed" : "Finished"} {formatTime(endedAt)}
        {took > 0 && `, after ${formatDuration(took)}`}.
      </p>
      {failure !== undefined && <p class="note-banner" role="status">{failure}</p>}
      {source !== undefined && <p>From {source}.</p>}
      {search !== undefined && <p class="soft">Trial of search {search.search}, round {search.rung + 1}.</p>}
      {predictions !== undefined && (
        <p class="soft">
          Predictions of {countOf(predictions.rows, "row")}, test{" "}
          {predictions.test}: it can be compared row by row.
        </p>
      )}
      {steps !== undefined && <p class="soft">Logged in {countOf(steps.length, "step")}.</p>}
      {pictures.map((picture) => <PictureCard key={picture.label} picture={picture} />)}
      {(["metrics", "parameters", "tags"] as const).map((kind) => (
        <Values key={kind} trial={trial} kind={kind} />
      ))}
    </ExperimentFrame>,
  );
}

function Values({ trial, kind }: { trial: Trial; kind: "metrics" | "parameters" | "tags" }) {
  const names = namesOf([trial], kind);
  if (names.length === 0) return null;
  const title = kind.charAt(0).toUpperCase() + kind.slice(1);
  return (
    <section>
      <h2>{title}</h2>
      <div class="table-card" tabindex={0} role="region" aria-label={title}>
        <table>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class={kind === "metrics" ? "number" : ""}>
                  {String(fieldValue(trial, { kind, name }))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface ComparisonProps {
  experiment: string;
  /** The first is the one that the others are compared with. */
  trials: readonly [Trial, ...Trial[]];
  /** Of each but the first. */
  compared: readonly PairedComparison[];
}

/** Trials side by side, and each beside the first on the same rows. */
export function renderTrialComparison({ experiment, trials, compared }: ComparisonProps): string {
  const [first, ...others] = trials;
  const rows = (["parameters", "metrics"] as const).flatMap((kind) =>
    namesOf(trials, kind).map((name) => ({
      kind,
      name,
      values: trials.map((trial) => fieldValue(trial, { kind, name })),
    }))
  );
  const snapshots = new Set(trials.map(({ source }) => source.snapshot ?? "an unknown one"));
  return renderPage(
    <ExperimentFrame
      title={`${trials.length} trials of ${experiment}`}
      path={[{ href: experimentPath(experiment), text: experiment }]}
    >
      <p class="lead">
        Each beside <a href={trialPath(first)}>{first.id}</a>. What differs is bold.
      </p>
      {snapshots.size > 1 && (
        <p class="note-banner" role="status">They read different snapshots: {[...snapshots].join(", ")}.</p>
      )}
      {others.map((other, i) => (
        <Paired key={other.id} other={other} first={first} comparison={compared[i]!} />
      ))}
      <h2>Parameters and metrics</h2>
      <div class="table-card" tabindex={0} role="region" aria-label="Parameters and metrics">
        <table class="blocks">
          <thead>
            <tr>
              <th scope="col">Name</th>
              {trials.map((trial) => (
                <th key={trial.id} scope="col" class="number">
                  <a href={trialPath(trial)}>{trial.id}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ kind, name, values }) => (
              <tr key={`${kind}.${name}`} class={new Set(values).size > 1 ? "differs" : ""}>
                <th scope="row">{name}</th>
                {values.map((value, i) => (
                  <td key={i} class="number" data-label={trials[i]!.id}>{valueText(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </ExperimentFrame>,
  );
}

function Paired({ other, first, comparison }: { other: Trial; first: Trial; comparison: PairedComparison }) {
  const { test, metrics, sameTest } = comparison;
  return (
    <section>
      <h2>
        {other.id} less {first.id}
      </h2>
      <p class={sameTest ? "soft" : "note-banner"}>{test}.</p>
      {metrics.length > 0 && (
        <ul class="paired">
          {metrics.map((metric) => (
            <li key={metric.name}>
              {metric.name} {valueText(metric.one)} and {valueText(metric.other)}:{" "}
              {differenceText(metric, [other.id, first.id])}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
