/** Choosing trials: conditions, order, and what they have in common. */
import { InputError, someOf } from "shopflow/errors/mod.ts";
import type { ParameterValue, Trial } from "./trial.ts";

/** What a trial is asked for. */
type Kind = "parameters" | "metrics" | "tags" | "own";

/** A parameter, metric or tag of trials, or a field of their own. */
export interface Field {
  kind: Kind;
  name: string;
}

/** Fields that every trial has. */
const OWN: Record<string, (trial: Trial) => string | undefined> = {
  id: ({ id }) => id,
  status: ({ status }) => status,
  ended: ({ endedAt }) => endedAt,
  experiment: ({ experiment }) => experiment,
  snapshot: ({ source }) => source.snapshot,
  commit: ({ source }) => source.commit,
};

/** Names of parameters, metrics and tags that any of the trials has, sorted. */
export function namesOf(trials: readonly Trial[], kind: "parameters" | "metrics" | "tags"): string[] {
  return [...new Set(trials.flatMap((trial) => Object.keys(trial[kind])))].sort();
}

/** Parameters that differ among the trials: those that are the same everywhere tell nothing. */
export function varyingParameters(trials: readonly Trial[]): string[] {
  return namesOf(trials, "parameters").filter((name) =>
    new Set(trials.map(({ parameters }) => parameters[name])).size > 1
  );
}

/** The value of a field; undefined where a trial has none. */
export function fieldValue(trial: Trial, { kind, name }: Field): ParameterValue | undefined {
  const values = kind === "own" ? undefined : trial[kind];
  return values === undefined ? OWN[name]?.(trial) : Object.hasOwn(values, name) ? values[name] : undefined;
}

/**
 * The field that a person means: `auc`, or `metrics.auc` where a parameter has that name, too.
 *
 * @throws {InputError} when no trial has it, with the names that there are, or it is not clear which is meant.
 */
export function findField(trials: readonly Trial[], text: string): Field {
  const kinds = ["parameters", "metrics", "tags"] as const;
  const found: Field[] = kinds.flatMap((kind) => {
    const names = namesOf(trials, kind);
    const short = text.startsWith(`${kind}.`) ? text.slice(kind.length + 1) : undefined;
    return [text, short].flatMap((name) =>
      name !== undefined && names.includes(name) ? [{ kind, name }] : []
    );
  });
  if (found.length === 0 && Object.hasOwn(OWN, text)) return { kind: "own", name: text };
  const [field, other] = found;
  if (field !== undefined && other === undefined) return field;
  throw new InputError(`No trial has ${JSON.stringify(text)}`, {
    expected: other !== undefined
      ? `one of ${found.map(({ kind, name }) => `${kind}.${name}`).join(", ")}`
      : `one of ${someOf([...kinds.flatMap((kind) => namesOf(trials, kind)), ...Object.keys(OWN)], 30)}`,
    found: other === undefined ? undefined : "a name that is several things",
  });
}

/** The metric that a person means. @throws {InputError} when no trial has it, with those that there are. */
export function findMetric(trials: readonly Trial[], text: string): string {
  const names = namesOf(trials, "metrics");
  const name = text.replace(/^metrics\./, "");
  const found = [text, name].find((one) => names.includes(one));
  if (found !== undefined) return found;
  throw new InputError(`No trial has the metric ${JSON.stringify(text)}`, {
    expected: names.length === 0 ? "a trial with metrics; there is none" : `one of ${someOf(names, 30)}`,
  });
}

const OPERATORS = ["!=", ">=", "<=", "=", ">", "<"] as const;

/** A condition on a field, such as `depth=3` or `active_auc>=0.8`. */
interface Condition {
  field: string;
  operator: typeof OPERATORS[number];
  value: string;
}

/** @throws {InputError} when a text is no condition. */
export function parseCondition(text: string): Condition {
  const [, field, operator, value] = /^\s*([^=<>!]+?)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*$/.exec(text) ?? [];
  if (field !== undefined && operator !== undefined && value !== undefined && value !== "") {
    return { field, operator: operator as Condition["operator"], value };
  }
  throw new InputError("Invalid condition on trials", {
    expected: `NAME, one of ${OPERATORS.join(" ")}, VALUE, e.g. depth=3 or active_auc>=0.8`,
    found: JSON.stringify(text),
  });
}

/**
 * The trials that meet all conditions; one without the field meets none on it.
 *
 * @throws {InputError} on a text that is no condition, or a field that no trial has.
 */
export function whereTrials(trials: readonly Trial[], conditions: readonly string[]): Trial[] {
  const parsed = conditions.map(parseCondition).map((condition) => ({
    ...condition,
    at: findField(trials, condition.field),
  }));
  return trials.filter((trial) =>
    parsed.every(({ at, operator, value }) => {
      const found = fieldValue(trial, at);
      return found !== undefined && holds(found, operator, value);
    })
  );
}

function holds(found: ParameterValue, operator: Condition["operator"], text: string): boolean {
  const order = typeof found === "number" ? found - Number(text) : compareTexts(String(found), text);
  if (Number.isNaN(order)) return operator === "!=";
  if (operator === "=") return order === 0;
  if (operator === "!=") return order !== 0;
  if (operator === ">") return order > 0;
  if (operator === ">=") return order >= 0;
  return operator === "<" ? order < 0 : order <= 0;
}

const compareTexts = (a: string, b: string) => a === b ? 0 : a < b ? -1 : 1;

/** Which end of a metric is the good one. */
export type Direction = "highest" | "lowest";

/** Metrics of which less is better, by the words in their names. */
const LOWER =
  /(^|[_\W])(log_?loss|loss|error|err|brier|rmse|mse|mae|mape|rmsle|deviance|perplexity|nll|seconds|ms|duration|cost)($|[_\W])/i;

/** The usual direction of a metric, by its name. */
export const usualDirection = (metric: string): Direction => LOWER.test(metric) ? "lowest" : "highest";

/** Trials that have a metric, the best first; of equal ones the earlier first. */
export function bestFirst(trials: readonly Trial[], metric: string, direction: Direction): Trial[] {
  const sign = direction === "highest" ? -1 : 1;
  return trials.filter(({ metrics }) => Object.hasOwn(metrics, metric)).sort((a, b) =>
    sign * (a.metrics[metric]! - b.metrics[metric]!) || compareTexts(a.endedAt, b.endedAt)
  );
}

/** Trials in the order of a field; those without it come last, whichever way. */
export function sortTrials(trials: readonly Trial[], field: Field, descending: boolean): Trial[] {
  const sign = descending ? -1 : 1;
  const present = trials.filter((trial) => fieldValue(trial, field) !== undefined);
  const order = (a: ParameterValue, b: ParameterValue) =>
    typeof a === "number" && typeof b === "number" ? a - b : COLLATOR.compare(String(a), String(b));
  present.sort((a, b) => sign * order(fieldValue(a, field)!, fieldValue(b, field)!));
  return [...present, ...trials.filter((trial) => fieldValue(trial, field) === undefined)];
}

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** A number for people: whole ones whole, others with four significant digits behind the point. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e6 ? String(value) : value.toPrecision(6);
  return Math.abs(value) >= 0.001 && Math.abs(value) < 1e6
    ? String(Number(value.toFixed(4)))
    : value.toPrecision(3);
}

/** A value of a parameter, metric or tag for people. */
export const valueText = (value: ParameterValue | undefined): string =>
  value === undefined ? "–" : typeof value === "number" ? numberText(value) : String(value);
