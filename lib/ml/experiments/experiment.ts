/** Logging trials of one experiment. */
import { randomBytes } from "node:crypto";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { maskSecrets } from "shopflow/errors/mod.ts";
import { type Predictions, testFingerprint } from "./predictions.ts";
import { compareTrials, type PairedComparison } from "./compare.ts";
import { checkExperiment, idOf, listTrials, saveTrial } from "./store.ts";
import {
  type CheckedTrial,
  checkMetrics,
  checkParameters,
  checkTrial,
  type ParameterValue,
  type SearchPlace,
  type Trial,
  type TrialInput,
  type TrialSource,
} from "./trial.ts";

/** An experiment that is open for trials. */
export interface Experiment {
  readonly name: string;
  readonly store: ObjectStore;
  /**
   * Stores a trial: parameters, metrics, and what else is known. When it resolves the trial is in the lake, and stays
   * there whatever happens to this program.
   *
   * @example
   * ```ts
   * const experiment = openExperiment("churn depth");
   * await experiment.log({ parameters: { depth: 3, eta: 0.1 }, metrics: { active_auc: 0.81 } });
   * ```
   * @returns The trial with its id, for `deno task experiments show ID`.
   * @throws {InputError} on a metric that is no finite number, nested values, or a field or name that may not be.
   */
  log(trial: TrialInput): Promise<Trial>;
  /** Its trials, the newest first. */
  trials(): Promise<Trial[]>;
  /** How two trials differ, row by row on the test that both predicted; see `compareTrials`. */
  compare(one: Trial, other: Trial): Promise<PairedComparison>;
  /** Stores a trial of a search; see `search`. */
  logSearched(trial: SearchedTrial): Promise<Trial>;
  /** Stores the training of a model version, in the place of an earlier training of the same. */
  logTraining(trial: TrialInput, training: { version: string; startedAt: Date }): Promise<Trial>;
  /** Where its next trial comes from. */
  source(): Promise<TrialSource>;
}

/** A trial of a search that ended. */
export interface SearchedTrial {
  id: string;
  place: SearchPlace;
  startedAt: Date;
  parameters: Record<string, ParameterValue>;
  outcome: { metrics: Record<string, number> } | { failure: unknown };
}

/** What an experiment works with. */
interface ExperimentOptions {
  now?: () => Date;
  /** Finds out where a trial comes from; asked for each. */
  source?: () => TrialSource | Promise<TrialSource>;
}

/**
 * Opens an experiment of a lake; one that is not there yet begins with its first trial.
 *
 * @throws {InputError} on a name that is empty, too long, or not printable.
 */
export function createExperiment(
  store: ObjectStore,
  name: string,
  { now = () => new Date(), source = () => ({}) }: ExperimentOptions = {},
): Experiment {
  checkExperiment(name);
  let open: Trial | undefined;
  /** Calls that were not awaited must not overtake each other. */
  let last: Promise<unknown> = Promise.resolve();

  async function add(checked: CheckedTrial): Promise<Trial> {
    const at = now().toISOString();
    const before = checked.step !== undefined && continues(open, checked) ? open : undefined;
    const { parameters, metrics, tags, step, predictions } = checked;
    const trial: Trial = {
      id: before?.id ?? randomBytes(5).toString("hex"),
      experiment: name,
      status: "finished",
      startedAt: before?.startedAt ?? at,
      endedAt: at,
      parameters,
      metrics: { ...before?.metrics, ...metrics },
      tags,
      ...(step !== undefined && { steps: [...before?.steps ?? [], { step, at, metrics }] }),
      ...(before?.predictions && { predictions: before.predictions }),
      ...(predictions && { predictions: noteOf(predictions) }),
      source: await source(),
    };
    await saveTrial(store, trial, predictions);
    open = step === undefined ? undefined : trial;
    return trial;
  }

  return {
    name,
    store,
    async log(input) {
      const checked = checkTrial(input);
      const logging = last.then(() => add(checked));
      // A failure is that of its own call only.
      last = logging.catch(() => {});
      return await logging;
    },
    async logSearched({ id, place, startedAt, parameters, outcome }) {
      const failed = "failure" in outcome;
      const trial: Trial = {
        id,
        experiment: name,
        status: failed ? "failed" : "finished",
        startedAt: startedAt.toISOString(),
        endedAt: now().toISOString(),
        parameters: checkParameters(parameters),
        metrics: failed ? {} : checkMetrics(outcome.metrics),
        tags: {},
        source: await source(),
        search: place,
        ...(failed && { failure: failureText(outcome.failure) }),
      };
      await saveTrial(store, trial);
      return trial;
    },
    async logTraining(input, { version, startedAt }) {
      const { predictions, parameters, metrics, tags } = checkTrial(input);
      const trial: Trial = {
        id: idOf("training", version),
        experiment: name,
        status: "finished",
        startedAt: startedAt.toISOString(),
        endedAt: now().toISOString(),
        parameters,
        metrics,
        tags,
        ...(predictions && { predictions: noteOf(predictions) }),
        source: await source(),
      };
      await saveTrial(store, trial, predictions);
      return trial;
    },
    trials: () => listTrials(store, name),
    compare: (one, other) => compareTrials(store, one, other),
    source: async () => await source(),
  };
}

const noteOf = (predictions: Predictions) => ({
  rows: predictions.ids.length,
  test: testFingerprint(predictions),
});

/** Whether a step belongs to the trial that was logged before. */
function continues(open: Trial | undefined, { parameters, tags, step }: CheckedTrial): boolean {
  const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);
  return open !== undefined && same(open.parameters, parameters) && same(open.tags, tags) &&
    step! > (open.steps?.at(-1)?.step ?? Infinity);
}

const failureText = (failure: unknown) =>
  maskSecrets(failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure)).slice(
    0,
    2000,
  );
