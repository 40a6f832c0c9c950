/** Trials for a terminal. */
import { textTable } from "shopflow/cli/mod.ts";
import {
  differenceText,
  type Direction,
  type ExperimentSummary,
  fieldValue,
  findField,
  namesOf,
  type PairedComparison,
  type Trial,
  valueText,
  varyingParameters,
} from "shopflow/ml/experiments/mod.ts";
import { countOf, formatTimestamp } from "shopflow/runtime/mod.ts";

/** Columns of parameters and of metrics that fit a terminal. */
const MOST_COLUMNS = 8;

export function experimentsText(experiments: readonly ExperimentSummary[]): string {
  if (experiments.length === 0) {
    return 'No experiment yet. Log a trial in a notebook: `await openExperiment("depth").log({ parameters, metrics })`.';
  }
  return textTable(
    [{ title: "experiment" }, { title: "trials", align: "right" }, { title: "last (UTC)" }],
    experiments.map(({ name, trials, modified }) => [
      name,
      String(trials),
      formatTimestamp(modified.toISOString()),
    ]),
  );
}

/**
 * Trials with what distinguishes them; of one experiment without its name.
 *
 * @param columns Parameters, metrics and tags to show instead.
 * @throws {InputError} on a column that no trial has.
 */
export function trialsText(trials: readonly Trial[], limit: number, columns?: readonly string[]): string {
  if (trials.length === 0) return "No trial meets that.";
  const shown = trials.slice(0, limit);
  const several = new Set(trials.map(({ experiment }) => experiment)).size > 1;
  const parameters = varyingParameters(trials).map((name) => ({ kind: "parameters" as const, name }));
  // Metrics of a baseline are for comparison only.
  const metrics = namesOf(trials, "metrics").sort((a, b) =>
    Number(/baseline/.test(a)) - Number(/baseline/.test(b))
  )
    .map((name) => ({ kind: "metrics" as const, name }));
  const fields = columns === undefined
    ? [...parameters.slice(0, MOST_COLUMNS), ...metrics.slice(0, MOST_COLUMNS)]
    : columns.map((name) => findField(trials, name));
  const table = textTable(
    [
      { title: "trial" },
      ...several ? [{ title: "experiment" }] : [],
      { title: "ended (UTC)" },
      ...fields.map(({ kind, name }) => ({
        title: name,
        align: kind === "metrics" ? "right" as const : "left" as const,
      })),
    ],
    shown.map((trial) => [
      trial.status === "failed" ? `${trial.id} (failed)` : trial.id,
      ...several ? [trial.experiment] : [],
      formatTimestamp(trial.endedAt).slice(0, 16),
      ...fields.map((field) => valueText(fieldValue(trial, field))),
    ]),
  );
  const hidden = columns === undefined ? parameters.length + metrics.length - fields.length : 0;
  const notes = [
    ...trials.length > limit ? [`${limit} of ${countOf(trials.length, "trial")}; --limit shows more`] : [],
    ...hidden > 0 ? [`${hidden} more parameters and metrics: --columns, \`show TRIAL\` or --json`] : [],
  ];
  return [table, ...notes].join("\n");
}

export function trialText(trial: Trial): string {
  const { id, experiment, status, startedAt, endedAt, source, search, predictions, steps } = trial;
  const rows = (kind: "parameters" | "metrics" | "tags") =>
    namesOf([trial], kind).map((name) => [name, String(fieldValue(trial, { kind, name }))]);
  const table = (title: string, cells: string[][]) =>
    cells.length === 0 ? [] : ["", textTable([{ title }, { title: "value" }], cells)];
  const from = [
    source.program,
    source.notebookRun && `notebook run ${source.notebookRun}`,
    source.scheduledRun && `scheduled run ${source.scheduledRun}`,
    source.snapshot && `snapshot ${source.snapshot}`,
    source.commit && `commit ${source.commit.slice(0, 12)}${source.uncommitted ? " with changes" : ""}`,
  ].filter(Boolean);
  return [
    `${experiment} ${id}: ${status}`,
    `${formatTimestamp(startedAt)} to ${formatTimestamp(endedAt)}`,
    ...from.length > 0 ? [`from ${from.join(", ")}`] : [],
    ...search ? [`trial of search ${search.search}, round ${search.rung + 1}`] : [],
    ...predictions ? [`predictions of ${countOf(predictions.rows, "row")}, test ${predictions.test}`] : [],
    ...steps ? [`logged in ${countOf(steps.length, "step")}`] : [],
    ...trial.failure ? [`failed: ${trial.failure}`] : [],
    ...table("parameter", rows("parameters")),
    ...table("metric", rows("metrics")),
    ...table("tag", rows("tags")),
  ].join("\n");
}

/** The best trials, and how far their metric may be trusted. */
export function bestText(
  trials: readonly Trial[],
  { metric, direction, among }: { metric: string; direction: Direction; among: number },
): string {
  const [best] = trials;
  if (best === undefined) return `No trial has the metric ${metric}.`;
  const several = among > 1
    ? `\nIt was chosen among ${among} by that metric, so the metric is optimistic: measure it on rows that did not choose it.`
    : "";
  return `The ${direction} ${metric} is ${valueText(best.metrics[metric]!)}, of trial ${best.id} in ${
    JSON.stringify(best.experiment)
  }.${several}\n\n${trialsText(trials, trials.length)}`;
}

/** Long values, such as lists of dates, would push the columns off the screen; `show` and --json have them whole. */
const shortened = (text: string) => text.length > MAX_COMPARED ? `${text.slice(0, MAX_COMPARED - 1)}…` : text;
const MAX_COMPARED = 30;

/** Trials side by side, and each beside the first on the same rows. */
export function comparisonText(trials: readonly Trial[], compared: readonly PairedComparison[]): string {
  const [first] = trials as readonly [Trial];
  const rows = (["parameters", "metrics"] as const).flatMap((kind) =>
    namesOf(trials, kind).map((name) => {
      const values = trials.map((trial) => fieldValue(trial, { kind, name }));
      return [
        new Set(values).size > 1 ? "≠" : "",
        kind.slice(0, -1),
        name,
        ...values.map((value) => shortened(valueText(value))),
      ];
    })
  );
  const snapshots = new Set(trials.map(({ source }) => source.snapshot ?? "unknown"));
  return [
    textTable([
      { title: " " },
      { title: "" },
      { title: "" },
      ...trials.map(({ id }) => ({ title: id, align: "right" as const })),
    ], rows),
    ...snapshots.size > 1 ? ["", `They read different snapshots: ${[...snapshots].join(", ")}.`] : [],
    ...compared.flatMap((comparison, i) => ["", pairedText(comparison, [trials[i + 1]!.id, first.id])]),
  ].join("\n");
}

function pairedText({ test, metrics }: PairedComparison, names: readonly [string, string]): string {
  return [
    `${names[0]} less ${names[1]}. ${test}.`,
    ...metrics.map((metric) =>
      `  ${metric.name} ${valueText(metric.one)} and ${valueText(metric.other)}: ${
        differenceText(metric, names)
      }`
    ),
  ].join("\n");
}
