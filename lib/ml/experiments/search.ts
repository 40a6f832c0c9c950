/** Search for parameters: random, or by successive halving; each trial is logged as it ends, and a search resumes. */
import { InputError, ModelError } from "shopflow/errors/mod.ts";
import { countOf, createLogger, formatDuration } from "shopflow/runtime/mod.ts";
import type { Experiment, SearchedTrial } from "./experiment.ts";
import { drawConfigurations, type Sampled, type Space, trialSeed } from "./space.ts";
import { bestFirst, type Direction, numberText, usualDirection } from "./select.ts";
import { idOf, listTrials } from "./store.ts";
import type { ParameterValue, SearchPlace, Trial } from "./trial.ts";

/** What an objective works with. It never sees the test. */
interface ObjectiveContext<Train, Validation> {
  train: Train;
  /** What its metrics are measured on, and the choice is made by. */
  validation: Validation;
  /** For the objective's own randomness; the same for a configuration whenever it is tried. */
  seed: number;
  /** How much to spend in successive halving, such as rounds or rows; absent in a random search. */
  resource?: number;
}

/** What a search is to do. */
export interface SearchOptions<S extends Space, Train, Validation, Test> {
  /** Where its trials are logged: `openExperiment("churn search")`. */
  experiment: Experiment;
  /** Values of each parameter: `{ choice: […] }`, or the ends of `{ integer }`, `{ uniform }`, `{ logUniform }`. */
  space: S;
  data: { train: Train; validation: Validation; test?: Test };
  /** Fits on `train` and gives metrics on `validation`, `metric` among them. */
  objective(
    parameters: Sampled<S>,
    context: ObjectiveContext<Train, Validation>,
  ): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** The metric to choose by, of those that `objective` gives. */
  metric: string;
  /** By default as usual for a metric of that name: `highest` of an AUC, `lowest` of a loss or an error. */
  direction?: Direction;
  /** Default `random`. */
  method?: "random" | "successive_halving";
  /** How many configurations are tried. */
  budget: number;
  /** Of successive halving: the least and the most to spend on a configuration; the best 1/`reduction` go on (3). */
  resource?: { min: number; max: number; reduction?: number };
  seed: number;
  /** Names what the objective reads besides its parameters, such as the data: another one is another search. */
  version?: string;
  /** Measures the chosen parameters once on `data.test`; its metrics are logged as `test_…`, and decide nothing. */
  evaluate?(
    parameters: Sampled<S>,
    data: { train: Train; validation: Validation; test: Test; seed: number },
  ): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** Hears how the search goes on; default: standard error. */
  log?: (line: string) => void;
  now?: () => Date;
}

/** What a search found. */
export interface SearchResult<Parameters> {
  /** The best on validation, of those that were given the most resource. */
  best: Trial;
  parameters: Parameters;
  /** All trials, in the order in which they were tried. */
  trials: Trial[];
  /** How many of them an earlier start of the search had finished. */
  resumed: number;
  failed: number;
  /** What `evaluate` measured. */
  test?: Trial;
}

/** Work that remains silent no longer than this, in milliseconds. */
const REPORT_EVERY_MS = 10_000;

/**
 * Searches for the parameters whose validation metric is best. A random search (Bergstra and Bengio 2012) tries `budget`
 * configurations; successive halving (Jamieson and Talwalkar 2016) gives all of them the least resource, and the best
 * third of each round three times as much.
 *
 * The same space, seed and objective are the same trials, so that a search that was ended goes on where it was: trials
 * that finished are read from the lake, those that failed are tried again. A larger budget of a random search adds to
 * the trials. A trial that throws, or whose metrics are no finite numbers, is logged as failed; the others go on.
 *
 * @throws {InputError} on an invalid space, budget or resource.
 * @throws {ModelError} when all trials failed.
 */
export async function search<const S extends Space, Train, Validation, Test = never>(
  options: SearchOptions<S, Train, Validation, Test>,
): Promise<SearchResult<Sampled<S>>> {
  const { experiment, metric, direction = usualDirection(metric), now = () => new Date() } = options;
  const rungs = rungsOf(options);
  const configurations = drawConfigurations(options.space, options.budget, options.seed);
  const key = await searchKey(options, direction);
  const known = new Map(
    (await listTrials(experiment.store, experiment.name)).map((trial) => [trial.id, trial]),
  );
  const planned = rungs.reduce((sum, { keep }) => sum + Math.min(keep, configurations.length), 0);
  const report = reporter(options, { planned, metric, direction });
  const found: SearchResult<Sampled<S>>["trials"] = [];
  let resumed = 0,
    remaining = configurations.map((parameters, configuration) => ({ parameters, configuration }));

  for (const [rung, { keep, resource }] of rungs.entries()) {
    const tried: Trial[] = [];
    for (const { parameters, configuration } of remaining.slice(0, keep)) {
      const id = idOf(key, String(configuration), String(rung));
      const before = known.get(id);
      if (before?.status === "finished") {
        tried.push(before);
        resumed++;
        report(before, true);
        continue;
      }
      const trial = await tryOut(options, {
        id,
        place: { search: key, configuration, rung, ...(resource !== undefined && { resource }) },
        parameters: parameters as Record<string, ParameterValue>,
        now,
      });
      tried.push(trial);
      report(trial, false);
    }
    found.push(...tried);
    const order = bestFirst(tried, metric, direction);
    remaining = order.map(({ search }) =>
      remaining.find((one) => one.configuration === search!.configuration)!
    );
    if (order.length === 0) break;
  }

  const last = found.filter(({ search }) => search?.rung === rungs.length - 1);
  const [best] = bestFirst(last, metric, direction);
  const failed = found.filter(({ status }) => status === "failed");
  if (best === undefined) {
    throw new ModelError(`The search in ${JSON.stringify(experiment.name)} found nothing`, {
      expected: `a trial that gives ${metric}`,
      found: `${countOf(failed.length, "trial")} that failed, the last with ${failed.at(-1)?.failure}`,
      remedy: "Mend the objective or the space, and search again.",
    });
  }
  const parameters = configurations[best.search!.configuration]!;
  const test = await evaluateBest(options, { key, best, parameters, known, now });
  return { best, parameters, trials: found, resumed, failed: failed.length, ...(test && { test }) };
}

/** Tries one configuration; an objective that fails makes a trial that failed. */
async function tryOut<S extends Space, Train, Validation, Test>(
  { experiment, objective, data, metric, seed }: SearchOptions<S, Train, Validation, Test>,
  { id, place, parameters, now }: Pick<SearchedTrial, "id" | "parameters"> & {
    place: SearchPlace;
    now: () => Date;
  },
): Promise<Trial> {
  const { resource, configuration } = place;
  const logged = { ...parameters, ...(resource !== undefined && { resource }) };
  const startedAt = now();
  const log = (outcome: SearchedTrial["outcome"]) =>
    experiment.logSearched({ id, place, startedAt, parameters: logged, outcome });
  let metrics: Readonly<Record<string, number>>;
  try {
    metrics = await objective(parameters as Sampled<S>, {
      train: data.train,
      validation: data.validation,
      seed: trialSeed(seed, configuration),
      ...(resource !== undefined && { resource }),
    });
    requireMetric(metrics, metric);
  } catch (failure) {
    return await log({ failure });
  }
  return await log({ metrics: { ...metrics } });
}

/** @throws {InputError} when metrics lack the one to choose by, or one is no finite number. */
function requireMetric(metrics: Readonly<Record<string, number>>, metric: string): void {
  const wrong = Object.entries(metrics ?? {}).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined && Object.hasOwn(metrics ?? {}, metric)) return;
  throw new InputError("Invalid metrics of an objective", {
    expected: `finite numbers by name, ${metric} among them`,
    found: wrong === undefined ? Object.keys(metrics ?? {}).join(", ") || "none" : `${wrong[0]} ${wrong[1]}`,
  });
}

async function evaluateBest<S extends Space, Train, Validation, Test>(
  { evaluate, data, experiment, seed }: SearchOptions<S, Train, Validation, Test>,
  { key, best, parameters, known, now }: {
    key: string;
    best: Trial;
    parameters: Sampled<S>;
    known: Map<string, Trial>;
    now: () => Date;
  },
): Promise<Trial | undefined> {
  if (evaluate === undefined) return undefined;
  const { train, validation, test } = data;
  if (test === undefined) {
    throw new InputError("There is no test to evaluate on", { expected: "data.test", found: "none" });
  }
  // Measured in another way, it is another measurement: an old one would pass for it.
  const id = idOf(key, "test", best.id, String(evaluate));
  const before = known.get(id);
  if (before !== undefined) return before;
  const startedAt = now();
  const measured = await evaluate(parameters, {
    train,
    validation,
    test,
    seed: trialSeed(seed, best.search!.configuration),
  });
  const metrics = Object.fromEntries(
    Object.entries(measured).map((
      [name, value],
    ) => [name.startsWith("test_") ? name : `test_${name}`, value]),
  );
  return await experiment.logSearched({
    id,
    place: best.search!,
    startedAt,
    parameters: best.parameters,
    outcome: { metrics },
  });
}

/** How many configurations a round tries at most, and with how much each. */
interface Rung {
  keep: number;
  resource?: number;
}

/** @throws {InputError} on a budget or resource that may not be. */
function rungsOf(
  { method = "random", budget, resource, space }: Pick<
    SearchOptions<Space, unknown, unknown, unknown>,
    "method" | "budget" | "resource" | "space"
  >,
): Rung[] {
  if (!(Number.isSafeInteger(budget) && budget > 0)) {
    throw new InputError("Invalid budget of a search", {
      expected: "how many configurations to try, a whole number above 0",
      found: String(budget),
    });
  }
  if (method === "random") return [{ keep: budget }];
  const { min, max, reduction = 3 } = resource ?? { min: NaN, max: NaN };
  const isWhole = (value: number) => Number.isSafeInteger(value) && value > 0;
  if (!isWhole(min) || !isWhole(max) || min > max || !(reduction > 1) || "resource" in space) {
    throw new InputError("Invalid resource of successive halving", {
      expected:
        "resource: { min, max, reduction }, whole numbers with 0 < min <= max, and a reduction above 1 (3); " +
        "no parameter of that name",
      found: "resource" in space ? "a parameter named resource" : JSON.stringify(resource ?? "none"),
    });
  }
  // The last round spends the most; there are no more rounds than leave a configuration for it.
  const rounds = 1 + Math.floor(Math.min(Math.log(max / min), Math.log(budget)) / Math.log(reduction) + 1e-9);
  return Array.from({ length: rounds }, (_, rung) => ({
    keep: Math.max(1, Math.floor(budget / reduction ** rung + 1e-9)),
    resource: Math.max(1, Math.round(max / reduction ** (rounds - 1 - rung))),
  }));
}

/** What makes trials the same: a search of another space, seed, objective, data or plan is another one. */
async function searchKey<S extends Space, Train, Validation, Test>(
  { experiment, space, metric, method = "random", budget, resource, seed, version, objective }: SearchOptions<
    S,
    Train,
    Validation,
    Test
  >,
  direction: Direction,
): Promise<string> {
  const { snapshot = "" } = version === undefined ? await experiment.source() : {};
  return idOf(
    method,
    metric,
    direction,
    String(seed),
    JSON.stringify(space),
    version ?? snapshot,
    String(objective),
    // More configurations change who goes on to the next round.
    method === "random" ? "" : JSON.stringify([budget, resource]),
  );
}

/** Says what was found at each new best, and now and then. */
function reporter(
  { log = createLogger().info, now = () => new Date() }: Pick<
    SearchOptions<Space, unknown, unknown, unknown>,
    "log" | "now"
  >,
  { planned, metric, direction }: { planned: number; metric: string; direction: Direction },
): (trial: Trial, isResumed: boolean) => void {
  let done = 0, resumed = 0, saidAt = -Infinity;
  let best: Trial | undefined;
  const startedAt = now().getTime();
  return (trial, isResumed) => {
    done++;
    if (isResumed) resumed++;
    // Less was spent on those of earlier rounds.
    const rivals = [best, trial].filter((one) => one?.search?.rung === trial.search?.rung);
    const [leader] = bestFirst(rivals.filter((one) => one !== undefined), metric, direction);
    const isBest = leader !== undefined && leader !== best;
    best = leader ?? best;
    const time = now().getTime();
    const isLast = done === planned;
    if (
      isResumed && !isLast ||
      !isBest && trial.status === "finished" && !isLast && time - saidAt < REPORT_EVERY_MS
    ) {
      return;
    }
    saidAt = time;
    const own = done - resumed;
    const left = own > 0 && !isLast
      ? `, about ${formatDuration((time - startedAt) / own * (planned - done))} left`
      : "";
    const outcome = trial.status === "failed"
      ? `failed (${trial.failure})`
      : `${metric} ${numberText(trial.metrics[metric]!)}`;
    const leading = best === undefined
      ? ""
      : `, ${direction} ${numberText(best.metrics[metric]!)} of ${best.id}`;
    const before = resumed > 0 ? `, ${resumed} of them before` : "";
    log(`trial ${done} of ${planned}${before}: ${outcome}${leading}${left}`);
  };
}
