import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featureText } from "shopflow/ml/features/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";

/** Why a customer's churn risk is above or below the average customer's. */
export interface Reason {
  /** What it is about, e.g. `support`: features of one topic are one reason. */
  topic: string;
  /** The feature that says most of it. */
  feature: string;
  /** Of that feature; null when the value is not known. */
  value: number | null;
  /** What the topic's features add to the log-odds of churning together, before the calibration. */
  contribution: number;
  /** Whether it raises or lowers the risk. */
  effect: "raises" | "lowers";
  /** A sentence: the fact, and its effect. */
  text: string;
}

/**
 * The topics that move a customer's risk most, strongest first. The contributions of a topic's features are added: recency,
 * orders in the last 90 days and time since the usual gap are one fact that would fill a list three times, and parts of it
 * that cancel each other are no reason at all. Shapley values may be added so (Lundberg and Lee 2017, local accuracy).
 *
 * @param names Names of the model's features.
 * @param contributions What each adds to the log-odds.
 * @param known What is known of the customer, see `featureText`.
 * @param count How many reasons to give at most.
 */
export function strongestReasons(
  names: readonly string[],
  contributions: Float64Array,
  known: Readonly<Record<string, number | null>>,
  count: number,
): Reason[] {
  const sums = new Map<string, { features: number[]; contribution: number }>();
  for (const [j, contribution] of contributions.entries()) {
    if (contribution === 0) continue;
    const name = valueAt(names, j);
    const topic = topicOf(name);
    const sum = sums.get(topic) ?? { features: [], contribution: 0 };
    sum.features.push(j);
    sum.contribution += contribution;
    sums.set(topic, sum);
  }
  return [...sums.values()]
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, count)
    .map(({ features, contribution }) => {
      const feature = valueAt(names, telling(features, { names, contributions, known, contribution }));
      return reasonOf({ feature, contribution }, known);
    });
}

const topicOf = (feature: string): string => CUSTOMER_FEATURES.feature(feature)?.topic ?? feature;

/** The feature that a reason names: what moves the risk its way most, of those that are known if any are. */
function telling(
  features: number[],
  { names, contributions, known, contribution }: {
    names: readonly string[];
    contributions: Float64Array;
    known: Readonly<Record<string, number | null>>;
    contribution: number;
  },
): number {
  const way = Math.sign(contribution);
  const rank = (j: number) => (valueAt(names, j) in known ? 0 : -Infinity) + way * valueAt(contributions, j);
  return features.reduce((best, j) => rank(j) > rank(best) ? j : best);
}

/** A reason in words, from the feature that it names. */
export function reasonOf(
  { feature, contribution }: Pick<Reason, "feature" | "contribution">,
  known: Readonly<Record<string, number | null>>,
): Reason {
  const topic = topicOf(feature);
  const effect = contribution > 0 ? "raises" : "lowers";
  const text = `${featureText(CUSTOMER_FEATURES, feature, known)}: ${effect} the risk.`;
  return { topic, feature, value: known[feature] ?? null, contribution, effect, text };
}
