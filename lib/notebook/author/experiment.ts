/** Experiments of notebooks and scripts: what their cells log, and where it comes from. */
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "shopflow/config/mod.ts";
import { type ObjectStore, openStore, readOnlyStore } from "shopflow/lake/store/mod.ts";
import {
  createExperiment,
  type Direction,
  type Experiment,
  fieldValue,
  learningCurves,
  namesOf,
  parallelCoordinates,
  type Trial,
  type TrialSource,
} from "shopflow/ml/experiments/mod.ts";
import { type ColumnTable, table as toTable } from "arquero";
import { NOTEBOOK_RUN, type RunName } from "../kernel/messages.ts";
import { repositoryState } from "../run/record.ts";
import { type Displayable, plot, type PlotSpec } from "./displays.ts";
import { ROOT, snapshotOpened } from "./shop.ts";

/**
 * Opens an experiment of the lake that `SHOPFLOW_HOME` and `SHOPFLOW_LAKE` name, in a cell of a notebook or in a script.
 * What is logged there names the notebook's run, the git commit and the snapshot that was opened.
 *
 * @example
 * ```ts
 * const experiment = openExperiment("churn depth");
 * for (const depth of [2, 3, 4]) {
 *   await experiment.log({ parameters: { depth }, metrics: { active_auc: await fit(depth) } });
 * }
 * ```
 * @throws {InputError} on a name that is empty, too long, or not printable.
 */
export function openExperiment(name: string): Experiment {
  const store = experimentsOnly(openStore(loadConfig(Deno.env.toObject(), ROOT)));
  let repository: ReturnType<typeof repositoryState> | undefined;
  return createExperiment(store, name, {
    async source() {
      // Asked once: it takes longer than the rest of a trial.
      repository ??= mayRunGit() ? repositoryState(Deno.cwd()) : Promise.resolve({});
      return { ...program(), ...await repository, ...snapshot() };
    },
  });
}

/**
 * Trials as a table, with a column for each parameter, metric and tag: `trialsTable(await experiment.trials())` as the
 * last line of a cell shows it.
 */
export function trialsTable(trials: readonly Trial[]): ColumnTable {
  const columns = (["parameters", "metrics", "tags"] as const).flatMap((kind) =>
    namesOf(trials, kind).map((name) => {
      // A parameter and a metric may have one name.
      const title = kind !== "parameters" && trials.some(({ parameters }) => Object.hasOwn(parameters, name))
        ? `${kind}.${name}`
        : name;
      return [title, trials.map((trial) => fieldValue(trial, { kind, name }) ?? null)] as const;
    })
  );
  return toTable({
    trial: trials.map(({ id }) => id),
    ended: trials.map(({ endedAt }) => endedAt.slice(0, 16).replace("T", " ")),
    ...Object.fromEntries(columns),
  });
}

/**
 * Trials as parallel coordinates, or a metric that was logged step by step as curves:
 * `plotTrials(await experiment.trials(), { metric: "auc" })` as the last line of a cell.
 */
export function plotTrials(
  trials: readonly Trial[],
  { steps = false, ...options }: { metric: string; direction?: Direction; steps?: boolean },
): Displayable {
  const draw = steps ? learningCurves : parallelCoordinates;
  return plot(draw(trials, options) as PlotSpec);
}

/** The lake for a notebook: it reads all of it, and writes experiments. */
function experimentsOnly(store: ObjectStore): ObjectStore {
  const readable = readOnlyStore(store);
  return {
    ...readable,
    put: (key, body) => key.startsWith("experiments/") ? store.put(key, body) : readable.put(key, body),
  };
}

function snapshot(): TrialSource {
  const opened = snapshotOpened();
  return opened === undefined ? {} : { snapshot: opened };
}

/** The notebook or the script, as far as it says who it is. */
function program(): TrialSource {
  const run = (globalThis as Record<symbol, unknown>)[NOTEBOOK_RUN] as RunName | null | undefined;
  if (run) return { program: run.notebook, notebookRun: run.runId };
  // Jupyter tells its kernels the file; a script is what Deno was started with.
  const path = Deno.env.get("JPY_SESSION_NAME") ?? mainFile();
  if (path === undefined) return {};
  const fromRoot = relative(ROOT, path);
  return { program: isAbsolute(path) && !fromRoot.startsWith("..") ? fromRoot : path };
}

/** Undefined in a kernel, whose main module is none of the user's. */
function mainFile(): string | undefined {
  const path = Deno.mainModule.startsWith("file:") ? fileURLToPath(Deno.mainModule) : undefined;
  return path?.includes("$deno$") ? undefined : path;
}

const mayRunGit = () => Deno.permissions.querySync({ name: "run", command: "git" }).state === "granted";
