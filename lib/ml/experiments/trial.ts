/** One trial of an experiment: what was tried and how good it was, as the lake keeps it. */
import { InputError, maskSecrets } from "shopflow/errors/mod.ts";
import { type Predictions, type PredictionsInput, readPredictions } from "./predictions.ts";

/** A value of a parameter. */
export type ParameterValue = string | number | boolean;

/** What a caller logs. */
export interface TrialInput {
  /** What was chosen before: numbers, texts, true or false, by name. */
  parameters?: Readonly<Record<string, ParameterValue>>;
  /** What came out: finite numbers by name, at least one. */
  metrics: Readonly<Record<string, number>>;
  /** Short texts to find the trial by. */
  tags?: Readonly<Record<string, string>>;
  /**
   * A whole number from 0, for metrics that are logged several times while something is fitted: calls with a step and
   * the same parameters and tags are points of one trial, whose metrics are the last ones.
   */
  step?: number;
  /** What the model said of each row of the test, so that trials can be compared row by row, with an interval. */
  predictions?: PredictionsInput;
}

/** The metrics of a trial at a step. */
export interface TrialStep {
  step: number;
  at: string;
  metrics: Record<string, number>;
}

/** Where a trial comes from, as far as it is known. */
export interface TrialSource {
  /** Notebook, script or command that logged it. */
  program?: string;
  /** Id of the notebook run, see `deno task notebook runs`. */
  notebookRun?: string;
  /** Scheduled run, `JOB@TIME`. */
  scheduledRun?: string;
  /** Git commit of the repository, and whether files differed from it. */
  commit?: string;
  uncommitted?: boolean;
  /** Snapshot of the lake that was read. */
  snapshot?: string;
}

/** What is known of the predictions of a trial without reading them. */
export interface PredictionsNote {
  rows: number;
  /** The same for tests of the same rows with the same outcomes. */
  test: string;
}

/** The place of a trial in a search. */
export interface SearchPlace {
  /** The same for all trials of a search. */
  search: string;
  /** Of the configuration, from 0. */
  configuration: number;
  /** Round of successive halving, from 0. */
  rung: number;
  /** What the objective was given to spend, in successive halving. */
  resource?: number;
}

/** A trial as it is stored. */
export interface Trial {
  id: string;
  experiment: string;
  /** `failed` of a trial of a search whose objective threw. */
  status: "finished" | "failed";
  startedAt: string;
  endedAt: string;
  parameters: Record<string, ParameterValue>;
  /** The last value of each; none of a trial that failed. */
  metrics: Record<string, number>;
  tags: Record<string, string>;
  /** Absent of a trial that was logged at once. */
  steps?: TrialStep[];
  predictions?: PredictionsNote;
  source: TrialSource;
  search?: SearchPlace;
  /** Why it failed. */
  failure?: string;
}

/** An input that may be stored, without secrets. */
export interface CheckedTrial {
  parameters: Record<string, ParameterValue>;
  metrics: Record<string, number>;
  tags: Record<string, string>;
  step?: number;
  predictions?: Predictions;
}

const FIELDS = ["parameters", "metrics", "tags", "step", "predictions"];
/** What MLflow allows, so that every trial can be exported: letters, digits and these. */
const NAME = /^[\p{L}\p{N}_/.\- :]+$/u;
/** MLflow's limits of names, and of the values of parameters and tags. */
const LONGEST_NAME = 250, LONGEST_TEXT = 5000;

/**
 * Checks what somebody wants to log, and masks secrets in its texts.
 *
 * @throws {InputError} on anything but names with texts, finite numbers, true and false; on a metric that is no finite
 *   number; on a field that there is not.
 */
export function checkTrial(input: TrialInput): CheckedTrial {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new InputError("Invalid trial", {
      expected: "an object, e.g. { parameters: { depth: 3 }, metrics: { auc: 0.81 } }",
      found: kindOf(input),
    });
  }
  const unknown = Object.keys(input).filter((field) => !FIELDS.includes(field));
  if (unknown.length > 0) {
    throw new InputError("Invalid trial", {
      expected: `the fields ${FIELDS.join(", ")}`,
      found: unknown.join(", "),
      remedy: "Numbers that were chosen are parameters, those that came out are metrics.",
    });
  }
  const { step, predictions } = input;
  if (step !== undefined && !(Number.isSafeInteger(step) && step >= 0)) {
    throw new InputError("Invalid step of a trial", {
      expected: "a whole number from 0",
      found: shown(step),
    });
  }
  return {
    parameters: checkParameters(input.parameters),
    metrics: checkMetrics(input.metrics),
    tags: checkTags(input.tags),
    ...(step !== undefined && { step }),
    ...(predictions !== undefined && { predictions: readPredictions(predictions) }),
  };
}

/** @throws {InputError} on a value that is no text, finite number, true or false. */
export function checkParameters(
  parameters: Readonly<Record<string, ParameterValue>> = {},
): Record<string, ParameterValue> {
  return checkedEntries("parameter", parameters, (name, value) => {
    if (typeof value === "string") return text("parameter", name, value);
    if (typeof value === "boolean" || typeof value === "number" && Number.isFinite(value)) return value;
    throw new InputError(`Invalid parameter ${JSON.stringify(name)}`, {
      expected: "text, a finite number, true or false",
      found: shown(value),
      remedy: isNested(value)
        ? `Log what it holds one by one, e.g. ${
          JSON.stringify(`${name}.first`)
        }, or as text by JSON.stringify.`
        : value === undefined || value === null
        ? 'Leave it out, or name it by a text such as "none".'
        : undefined,
    });
  });
}

/** @throws {InputError} on none, and on a value that is no finite number. */
export function checkMetrics(metrics: Readonly<Record<string, number>> = {}): Record<string, number> {
  const checked = checkedEntries("metric", metrics, (name, value) => {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new InputError(`Invalid metric ${JSON.stringify(name)}`, {
      expected: "a finite number",
      found: shown(value),
      remedy: typeof value === "number"
        ? "Find out why it is not finite (no rows, a division by 0?), or leave it out of this trial."
        : isNested(value)
        ? `Log what it holds one by one, e.g. ${
          JSON.stringify(`${name}.first`)
        }; a curve is logged step by step.`
        : "Numbers only; a text belongs to parameters or tags.",
    });
  });
  if (Object.keys(checked).length > 0) return checked;
  throw new InputError("A trial needs a metric", {
    expected: "metrics with at least one number, e.g. { auc: 0.81 }",
    found: "none",
  });
}

function checkTags(tags: Readonly<Record<string, string>> = {}): Record<string, string> {
  return checkedEntries("tag", tags, (name, value) => {
    if (typeof value === "string") return text("tag", name, value);
    throw new InputError(`Invalid tag ${JSON.stringify(name)}`, { expected: "text", found: shown(value) });
  });
}

/** Names sorted, so that equal trials are equal texts. */
function checkedEntries<In, Out>(
  kind: string,
  values: Readonly<Record<string, In>>,
  check: (name: string, value: In) => Out,
): Record<string, Out> {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new InputError(`Invalid ${kind}s of a trial`, {
      expected: "an object of names and values",
      found: kindOf(values),
    });
  }
  const names = Object.keys(values).sort();
  for (const name of names) checkName(kind, name);
  for (const name of names) {
    const within = names.find((other) => other.startsWith(`${name}/`));
    if (within === undefined) continue;
    throw new InputError(`Invalid ${kind} names of a trial`, {
      expected:
        "no name that is the beginning of another up to a slash: one would be a folder, the other a file",
      found: `${JSON.stringify(name)} and ${JSON.stringify(within)}`,
    });
  }
  return Object.fromEntries(names.map((name) => [name, check(name, values[name]!)]));
}

function checkName(kind: string, name: string): void {
  const parts = name.split("/");
  const isPlain = NAME.test(name) && parts.every((part) => part !== "" && part !== "." && part !== "..");
  const isShort = new TextEncoder().encode(name).length <= LONGEST_NAME;
  if (isPlain && isShort && maskSecrets(name) === name) return;
  throw new InputError(`Invalid name of a ${kind}`, {
    expected: isPlain && !isShort
      ? `at most ${LONGEST_NAME} bytes`
      : isPlain
      ? "a name without a secret in it"
      : "letters, digits, _ - . : / and spaces, as MLflow takes them, e.g. ndcg_at_10; no part between slashes empty, . or ..",
    found: isShort ? JSON.stringify(name) : `${name.length} characters`,
  });
}

/** Names of parameters and tags whose texts are secrets. */
const SECRET = /(^|[_.\-/: ])(api[_-]?key|access[_-]?key|secret|token|pass(word|wd|phrase)|credentials?)$/i;

function text(kind: string, name: string, value: string): string {
  if (value.length > LONGEST_TEXT) {
    throw new InputError(`Invalid ${kind} ${JSON.stringify(name)}`, {
      expected: `at most ${LONGEST_TEXT} characters`,
      found: `${value.length}`,
      remedy: "Log a short name of it instead.",
    });
  }
  return SECRET.test(name) && value !== "" ? "***" : maskSecrets(value.toWellFormed());
}

const isNested = (value: unknown) => typeof value === "object" && value !== null;

const kindOf = (value: unknown) => Array.isArray(value) ? "a list" : value === null ? "null" : typeof value;

function shown(value: unknown): string {
  if (typeof value === "number" || value === undefined || value === null) return String(value);
  if (typeof value === "bigint") return `the bigint ${value}n, which Number(…) converts`;
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 40))}`;
  if (value instanceof Date) return "a Date";
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
