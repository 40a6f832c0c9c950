import { maskSecrets } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Challenger } from "shopflow/ml/mod.ts";
import { createExperiment, type ParameterValue } from "shopflow/ml/experiments/mod.ts";
import type { ModelCard } from "shopflow/ml/registry/mod.ts";
import { repositoryState } from "shopflow/notebook/run/mod.ts";
import type { PipelineContext } from "../../context.ts";

/**
 * Stores a training as a trial of the experiment that has the model's name, so that trainings are listed, compared and
 * drawn as the trials of notebooks are. Its id is that of the version: a training that is repeated is the same trial.
 */
export async function logTraining(
  { store, runtime, config }: Pick<PipelineContext, "runtime" | "config"> & { store: ObjectStore },
  { name, version, snapshot, parameters, metrics, asOf }: ModelCard,
  { predictions, outcomes }: Challenger,
  startedAt: Date,
): Promise<void> {
  const measured = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  // A history too short to measure: there is nothing to compare.
  if (measured.length === 0) return;
  const mayRunGit = Deno.permissions.querySync({ name: "run", command: "git" }).state === "granted";
  const repository = mayRunGit ? await repositoryState(import.meta.dirname!) : {};
  const experiment = createExperiment(store, name, {
    now: runtime.now,
    source: () => ({
      program: "pipeline run train",
      snapshot,
      ...repository,
      ...(config.run && { scheduledRun: config.run.name }),
    }),
  });
  const { customerIds, days, values } = predictions;
  await experiment.logTraining({
    parameters: { as_of: asOf, ...flat(parameters) },
    metrics: Object.fromEntries(measured.map(([metric, value]) => [plainName(metric), value])),
    tags: { model_version: version },
    ...(outcomes !== undefined && {
      predictions: {
        ids: customerIds.map((id, row) => `${id}@${days[row]}`),
        labels: outcomes,
        scores: values,
      },
    }),
  }, { version, startedAt });
}

/** What fits a column: longer texts, such as lists of features, are what the code's hash and the card stand for. */
const LONGEST = 200;

/** A name that a trial may have, whatever the author of a model called it. */
const plainName = (name: string) => name.replace(/[^\p{L}\p{N}_.\- :]/gu, "_");

/** Parameters of a card with those that are nested by the names of both, `a.b`; lists as JSON. */
export function flat(parameters: Record<string, unknown>, prefix = ""): Record<string, ParameterValue> {
  const entries = Object.entries(parameters).flatMap(([key, value]): [string, ParameterValue][] => {
    const name = `${prefix}${key}`;
    if (typeof value === "string" || typeof value === "boolean") return [[name, value]];
    if (typeof value === "number") return [[name, Number.isFinite(value) ? value : String(value)]];
    if (Array.isArray(value)) return [[name, JSON.stringify(value)]];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(flat(value as Record<string, unknown>, `${name}.`));
  });
  return Object.fromEntries(
    entries.map(([name, value]) => [
      plainName(name),
      typeof value === "string" && value.length > LONGEST
        ? `${maskSecrets(value).slice(0, LONGEST - 1)}…`
        : value,
    ]),
  );
}
