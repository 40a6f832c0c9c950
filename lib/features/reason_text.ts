import { CHURN_FEATURES } from "./churn_features.ts";

const BY_NAME = new Map(CHURN_FEATURES.map((feature) => [feature.name, feature]));

/**
 * A churn feature's value as a fact for people, e.g. "112 days since the last order (usual gap 31)".
 *
 * @param all The customer's other features, for comparisons.
 */
export function churnReasonText(
  name: string,
  value: number | null,
  all: Record<string, number | null>,
): string {
  const feature = BY_NAME.get(name);
  // A model saved by another version may know features that this one does not.
  if (feature === undefined) return `${name}: ${value ?? "not known"}`;
  if (value === null) return feature.unknownText ?? `${feature.description.toLowerCase()} not known`;
  return feature.text(value, all);
}
