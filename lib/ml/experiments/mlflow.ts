/**
 * Trials as runs in MLflow's file layout (https://mlflow.org/docs/latest/self-hosting/architecture/backend-store/): a
 * folder an experiment, in it a folder a run with `meta.yaml`, `metrics`, `params`, `tags` and `artifacts`.
 */
import { createHash } from "node:crypto";
import { stringify } from "csv-stringify/sync";
import { InputError } from "shopflow/errors/mod.ts";
import type { Predictions } from "./predictions.ts";
import type { Trial } from "./trial.ts";

/** A file of an export; paths are relative to the folder of the store. */
export interface ExportedFile {
  path: string;
  text: string;
}

const digest = (...texts: string[]) => createHash("sha256").update(JSON.stringify(texts)).digest("hex");

/** The same for the same name, so that a later export adds to an earlier one: 18 digits, as MLflow makes them. */
const mlflowExperimentId = (name: string): string =>
  String(10n ** 17n + BigInt(`0x${digest("experiment", name).slice(0, 14)}`));

const runId = ({ experiment, id }: Trial) => digest("run", experiment, id).slice(0, 32);

/** JSON is YAML. */
const yaml = (values: Record<string, string | number | string[] | null>) =>
  Object.entries(values).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`).join("");

/**
 * The description of an experiment.
 *
 * @param location the store's folder as a URL, `file:///…`, where MLflow looks for artifacts
 */
export function mlflowExperiment(
  name: string,
  trials: readonly Trial[],
  location: string,
): ExportedFile & { id: string } {
  const id = mlflowExperimentId(name);
  const times = trials.map(({ startedAt }) => Date.parse(startedAt));
  return {
    id,
    path: `${id}/meta.yaml`,
    text: yaml({
      artifact_location: `${location}/${id}`,
      creation_time: Math.min(...times),
      experiment_id: id,
      last_update_time: Math.max(...trials.map(({ endedAt }) => Date.parse(endedAt))),
      lifecycle_stage: "active",
      name,
    }),
  };
}

/** MLflow's numbers of `RunStatus` and of `SourceType.LOCAL`. */
const FINISHED = 3, FAILED = 4, LOCAL = 4;

/** A run in MLflow's layout. */
interface ExportedRun {
  /** Folders that a run has, also where nothing is in them: MLflow does not find one without. */
  folders: string[];
  /** Its description last: a run without one is none. */
  files: ExportedFile[];
}

/**
 * A trial as a run.
 *
 * @param location as of {@linkcode mlflowExperiment}
 * @throws {InputError} on a name that would leave its folder.
 */
export function mlflowRun(
  trial: Trial,
  predictions: Predictions | undefined,
  location: string,
): ExportedRun {
  const experiment = mlflowExperimentId(trial.experiment), run = runId(trial);
  const folder = `${experiment}/${run}`;
  const [started, ended] = [Date.parse(trial.startedAt), Date.parse(trial.endedAt)];
  const file = (kind: string, name: string, text: string) => {
    // Names are checked when they are logged; a file of the lake may say anything.
    if (name.split("/").some((part) => part === "" || part === "." || part === "..")) {
      throw new InputError(`Trial ${trial.id} cannot be exported`, {
        expected: "names that stay in their folder",
        found: JSON.stringify(name),
      });
    }
    return { path: `${folder}/${kind}/${name}`, text };
  };
  const entries = Object.entries;
  const files = [
    ...entries(trial.parameters).map(([name, value]) => file("params", name, String(value))),
    ...entries(metricLines(trial)).map(([name, lines]) => file("metrics", name, lines.join(""))),
    ...entries({ ...trial.tags, ...sourceTags(trial) }).map(([name, value]) => file("tags", name, value)),
    ...predictions === undefined ? [] : [file("artifacts", "predictions.csv", predictionsCsv(predictions))],
    {
      path: `${folder}/meta.yaml`,
      text: yaml({
        artifact_uri: `${location}/${folder}/artifacts`,
        end_time: ended,
        entry_point_name: "",
        experiment_id: experiment,
        lifecycle_stage: "active",
        run_id: run,
        run_name: trial.id,
        run_uuid: run,
        source_name: "",
        source_type: LOCAL,
        source_version: "",
        start_time: started,
        status: trial.status === "failed" ? FAILED : FINISHED,
        tags: [],
        user_id: "",
      }),
    },
  ];
  return { folders: ["params", "metrics", "tags", "artifacts"].map((kind) => `${folder}/${kind}`), files };
}

/** `timestamp value step`, a line each time a metric was logged. */
function metricLines({ metrics, steps, endedAt }: Trial): Record<string, string[]> {
  const lines: Record<string, string[]> = {};
  for (const { at, step, metrics: values } of steps ?? [{ at: endedAt, step: 0, metrics }]) {
    for (const [name, value] of Object.entries(values)) {
      (lines[name] ??= []).push(`${Date.parse(at)} ${value} ${step}\n`);
    }
  }
  return lines;
}

function sourceTags({ id, source, search, failure, predictions }: Trial): Record<string, string> {
  const tags: Record<string, string | undefined> = {
    "mlflow.runName": id,
    "mlflow.source.name": source.program,
    "mlflow.source.type": source.notebookRun !== undefined
      ? "NOTEBOOK"
      : source.scheduledRun !== undefined
      ? "JOB"
      : "LOCAL",
    "mlflow.source.git.commit": source.commit,
    "shopflow.trial": id,
    "shopflow.notebook_run": source.notebookRun,
    "shopflow.scheduled_run": source.scheduledRun,
    "shopflow.snapshot": source.snapshot,
    "shopflow.uncommitted": source.uncommitted === undefined ? undefined : String(source.uncommitted),
    "shopflow.search": search?.search,
    "shopflow.test": predictions?.test,
    "shopflow.failure": failure,
  };
  return Object.fromEntries(
    Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function predictionsCsv({ ids, labels, scores }: Predictions): string {
  return stringify([["id", "label", "score"], ...ids.map((id, row) => [id, labels[row], scores[row]])]);
}
