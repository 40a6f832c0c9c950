import type { FeatureSet } from "./declaration.ts";

/** What the value of a feature can be at all, whatever was seen in training. */
export interface FeatureLimits {
  least: number;
  /** Infinity where there is no highest. */
  most: number;
  /** Counts are whole. */
  whole: boolean;
}

const LIMITS_OF_UNITS: Record<string, readonly [least: number, most: number]> = { share: [0, 1] };

/** What a feature's value can be, by its declaration; anything from 0 on of a name that is no feature. */
export function featureLimits({ feature, countUnits }: FeatureSet, name: string): FeatureLimits {
  const { unit = "", limits = LIMITS_OF_UNITS[unit] ?? [0, Infinity] } = feature(name) ?? {};
  const [least, most] = limits;
  return { least, most, whole: countUnits.includes(unit) };
}

/** Which of a model's features an estimate needs. */
export function requiredFeatures({ feature }: FeatureSet, names: readonly string[]): string[] {
  return names.filter((name) => feature(name)?.isRequired);
}

/** Whether "never happened" is an answer for a feature, such as the share of carts abandoned where none was filled. */
export const canBeAbsent = ({ feature }: FeatureSet, name: string): boolean =>
  feature(name)?.unknownText !== undefined;

/** What contradicts itself in these values, in words; undefined when nothing does. */
export function contradiction(
  { features, contradiction: others }: FeatureSet,
  values: Readonly<Record<string, number>>,
): string | undefined {
  for (const { name, neverAbove = "" } of features) {
    const [part, whole] = [values[name], values[neverAbove]];
    if (part !== undefined && whole !== undefined && part > whole) {
      return `${name} ${part} above ${neverAbove} ${whole}`;
    }
  }
  return others?.(values);
}
