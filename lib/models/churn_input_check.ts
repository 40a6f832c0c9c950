import { contradiction } from "shopflow/features/mod.ts";
import type { ChurnInputs, DeclaredFeature } from "./churn_inputs.ts";

/** What is sent of a customer: null is not known, "none" that there is nothing to measure. */
export type SentFeatures = Record<string, number | "none" | null>;

/** Why an estimate is refused. */
export interface InputProblem {
  code: "unknown_features" | "missing_features" | "feature_out_of_range" | "contradictory_features";
  problem: string;
  expected: string;
  found: string;
  remedy: string;
}

/** A value so many times beyond what the training saw is in another unit, or another shop's. */
const FAR = 10;

/** The first thing that is wrong with what was sent; undefined where an estimate can be made. */
export function inputProblem(
  { features }: Pick<ChurnInputs, "features">,
  sent: SentFeatures,
): InputProblem | undefined {
  return unknownNames(features, sent) ?? missingValues(features, sent) ?? outOfRange(features, sent) ??
    contradicting(sent);
}

/** Features whose sent value lies beyond what the training saw, which the model takes for the nearest that it saw. */
export function beyondTraining({ features }: ChurnInputs, sent: SentFeatures): DeclaredFeature[] {
  return features.filter(({ name, seen }) => {
    const value = sent[name];
    if (typeof value !== "number" || seen === undefined) return false;
    return seen === null || value < seen.least || value > seen.most;
  });
}

function unknownNames(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  const names = features.map(({ name }) => name);
  const unknown = Object.keys(sent).filter((name) => !names.includes(name));
  if (unknown.length === 0) return undefined;
  const meant = unknown.flatMap((name) => {
    const [closest] = names.toSorted((a, b) => likeness(name, b) - likeness(name, a));
    return closest !== undefined && likeness(name, closest) >= 0.4 ? [`${closest} for ${name}`] : [];
  });
  return {
    code: "unknown_features",
    problem: "The model does not know some of the features",
    expected: `names among ${names.join(", ")}`,
    found: unknown.join(", "),
    remedy: meant.length > 0
      ? `Perhaps you mean ${meant.join(", ")}.`
      : "Correct the names or leave them out.",
  };
}

/** Share of pairs of letters that two names have in common (Dice 1945). */
function likeness(a: string, b: string): number {
  const pairs = (text: string) =>
    Array.from({ length: text.length - 1 }, (_, i) => text.toLowerCase().slice(i, i + 2));
  const [left, right] = [pairs(a), pairs(b)];
  return 2 * left.filter((pair) => right.includes(pair)).length / Math.max(1, left.length + right.length);
}

function missingValues(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  const required = features.filter((feature) => feature.required);
  const missing = required.filter(({ name }) => typeof sent[name] !== "number");
  const empty = required.length === 0 && Object.values(sent).every((value) => value === null);
  if (missing.length === 0 && !empty) return undefined;
  return {
    code: "missing_features",
    problem: "Too little is known of the customer for an estimate",
    expected: empty
      ? "a value of at least one feature"
      : `${required.map(({ name }) => name).join(" and ")}, as ${
        required.length === 1 ? "a number" : "numbers"
      }`,
    found: empty ? "none" : `no value of ${missing.map(({ name }) => name).join(" and ")}`,
    remedy: 'Send what is known, such as {"features": {"recency_days": 40, "order_count": 4}}; ' +
      "the more, the better the estimate.",
  };
}

function outOfRange(features: DeclaredFeature[], sent: SentFeatures): InputProblem | undefined {
  for (const feature of features) {
    const value = sent[feature.name];
    if (value === undefined || value === null || isPossible(feature, value)) continue;
    return {
      code: "feature_out_of_range",
      problem: `${feature.name} has a value that it cannot have`,
      expected: expectedValues(feature),
      found: String(value),
      remedy:
        "Correct it, or leave it out where it is not known; /docs has the meaning and unit of each feature.",
    };
  }
}

function isPossible(feature: DeclaredFeature, value: number | "none"): boolean {
  if (value === "none") return feature.canBeAbsent;
  if (!Number.isFinite(value) || value < feature.least || value > feature.most) return false;
  return Math.abs(value) <= highest(feature) && (!feature.whole || Number.isInteger(value));
}

/** What is higher than this is no measurement of this shop. */
function highest({ most, seen }: DeclaredFeature): number {
  if (most !== Infinity || !seen) return most;
  return FAR * Math.max(1, Math.abs(seen.least), Math.abs(seen.most));
}

/** A feature's possible values in words, e.g. `a whole number from 1 to 3,120 (the training saw 1 to 312)`. */
export function expectedValues(feature: DeclaredFeature): string {
  const { least, whole, seen, canBeAbsent } = feature;
  const most = highest(feature);
  const kind = whole ? "a whole number" : "a number";
  const bounds = [
    ...(least === -Infinity ? [] : [`from ${shown(least)}`]),
    ...(most === Infinity ? [] : [`${least === -Infinity ? "up " : ""}to ${shown(most)}`]),
  ];
  const trained = seen === undefined
    ? ""
    : seen === null
    ? " (the training saw none)"
    : ` (the training saw ${shown(seen.least)} to ${shown(seen.most)})`;
  return [kind, ...bounds].join(" ") + trained + (canBeAbsent ? ', or "none"' : "");
}

const shown = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });

function contradicting(sent: SentFeatures): InputProblem | undefined {
  const numbers = Object.fromEntries(
    Object.entries(sent).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  const found = contradiction(numbers);
  if (found === undefined) return undefined;
  return {
    code: "contradictory_features",
    problem: "The features contradict each other",
    expected: "values that one customer can have at the same time",
    found,
    remedy: "Correct them; /docs has the meaning and unit of each feature.",
  };
}
