/** Spaces of parameters and what is drawn from them. */
import { InputError } from "shopflow/errors/mod.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import type { ParameterValue } from "./trial.ts";

/** The values of a parameter: some, or all numbers between two ends, which are among them. */
type Distribution =
  | { readonly choice: readonly ParameterValue[] }
  | { readonly integer: readonly [low: number, high: number] }
  | { readonly uniform: readonly [low: number, high: number] }
  /** Uniform in the logarithm, for learning rates and penalties; both ends above 0. */
  | { readonly logUniform: readonly [low: number, high: number] };

/** Values of each parameter. */
export type Space = Readonly<Record<string, Distribution>>;

/** One value of each parameter of a space. */
export type Sampled<S extends Space> = {
  -readonly [Name in keyof S]: S[Name] extends { readonly choice: readonly (infer Value)[] } ? Value : number;
};

const KINDS = ["choice", "integer", "uniform", "logUniform"];
/** Draws in a row that were all there before, after which a space counts as exhausted. */
const EXHAUSTED_AFTER = 1000;

/**
 * Draws different configurations; fewer where a space of choices and integers has no more. The first of a larger number
 * are those of a smaller one.
 *
 * @throws {InputError} on a space without parameters, or a parameter without values.
 */
export function drawConfigurations<S extends Space>(space: S, count: number, seed: number): Sampled<S>[] {
  checkSpace(space);
  if (!Number.isSafeInteger(seed)) {
    throw new InputError("Invalid seed of a search", { expected: "a whole number", found: String(seed) });
  }
  const drawn = new Map<string, Sampled<S>>();
  for (let draw = 0, repeated = 0; drawn.size < count && repeated < EXHAUSTED_AFTER; draw++) {
    // A stream each, so that a parameter that is added does not change the others.
    const values = Object.entries(space).map(([name, distribution]) =>
      [name, sample(distribution, createRandom(seed, `${draw}/${name}`))] as const
    );
    const configuration = Object.fromEntries(values) as Sampled<S>;
    const key = JSON.stringify(configuration);
    repeated = drawn.has(key) ? repeated + 1 : 0;
    drawn.set(key, configuration);
  }
  return [...drawn.values()];
}

/** The seed of a configuration, for the objective's own randomness. */
export const trialSeed = (seed: number, configuration: number): number =>
  Math.floor(createRandom(seed, `objective/${configuration}`)() * 2 ** 31);

function sample(distribution: Distribution, random: Random): ParameterValue {
  if ("choice" in distribution) {
    return distribution.choice[Math.floor(random() * distribution.choice.length)]!;
  }
  if ("integer" in distribution) {
    const [low, high] = distribution.integer;
    return low + Math.floor(random() * (high - low + 1));
  }
  if ("uniform" in distribution) {
    const [low, high] = distribution.uniform;
    return low + random() * (high - low);
  }
  const [low, high] = distribution.logUniform;
  return Math.min(high, Math.max(low, Math.exp(Math.log(low) + random() * Math.log(high / low))));
}

function checkSpace(space: Space): void {
  const invalid = (name: string, expected: string, found: unknown) =>
    new InputError(`Invalid space of a search${name && `, parameter ${JSON.stringify(name)}`}`, {
      expected,
      found: JSON.stringify(found) ?? String(found),
    });
  const entries = Object.entries(space);
  if (entries.length === 0) {
    throw invalid("", "at least one parameter, e.g. { depth: { integer: [2, 6] } }", space);
  }
  for (const [name, distribution] of entries) {
    const [[kind, values] = [], ...others] = Object.entries(distribution ?? {});
    if (kind === undefined || others.length > 0 || !KINDS.includes(kind) || !Array.isArray(values)) {
      throw invalid(
        name,
        "one of { choice: [a, b] }, { integer }, { uniform } or { logUniform: [low, high] }",
        distribution,
      );
    }
    if (kind === "choice") {
      if (values.length > 0) continue;
      throw invalid(name, "at least one choice", distribution);
    }
    const [low, high] = values as [number, number];
    const isRange = values.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low <= high;
    if (!isRange) throw invalid(name, "two finite numbers, the lower first", distribution);
    if (kind === "integer" && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))) {
      throw invalid(name, "whole numbers", distribution);
    }
    if (kind === "logUniform" && low <= 0) throw invalid(name, "numbers above 0", distribution);
  }
}
