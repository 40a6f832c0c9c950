import { CUSTOMER_FEATURES, CUSTOMER_POPULATION_DAYS } from "./features.ts";

/** What the value of a feature can be at all, whatever was seen in training. */
export interface FeatureLimits {
  least: number;
  /** Infinity where there is no highest. */
  most: number;
  /** Counts are whole. */
  whole: boolean;
}

/**
 * What must be known of a customer before anything else can be estimated: every customer of the population has these
 * two, and the rest follows from them better than they follow from the rest.
 */
const REQUIRED = ["recency_days", "order_count"];

/** Units whose values are counts. */
const COUNTS = ["orders", "products", "categories", "lines", "tickets", "sessions", "views", "carts"];
const LIMITS_OF_UNITS: Record<string, [least: number, most: number]> = { share: [0, 1], score: [1, 5] };
/** Where the unit does not say all. Who bought nothing for longer is not scored; returns may exceed what was bought. */
const LIMITS: Record<string, [least: number, most: number]> = {
  recency_days: [0, CUSTOMER_POPULATION_DAYS],
  order_count: [1, Infinity],
  product_count: [1, Infinity],
  return_share: [0, Infinity],
};

/** Pairs of which the first is never more than the second, by how they are defined. */
const NEVER_MORE: readonly [part: string, whole: string][] = [
  ["recency_days", "tenure_days"],
  ["orders_90d", "order_count"],
  ["orders_91_180d", "order_count"],
  ["category_count", "product_count"],
  ["sessions_30d", "sessions_90d"],
  ["carts_90d", "sessions_90d"],
  ["abandoned_carts_90d", "carts_90d"],
  ["urgent_tickets_180d", "tickets_180d"],
];

const BY_NAME = new Map(CUSTOMER_FEATURES.map((feature) => [feature.name, feature]));

/** Which of a model's features an estimate needs. */
export function requiredFeatures(names: readonly string[]): string[] {
  return names.filter((name) => REQUIRED.includes(name));
}

/** What a feature's value can be, by its definition. */
export function featureLimits(name: string): FeatureLimits {
  const unit = BY_NAME.get(name)?.unit ?? "";
  const [least, most] = LIMITS[name] ?? LIMITS_OF_UNITS[unit] ?? [0, Infinity];
  return { least, most, whole: COUNTS.includes(unit) };
}

/** Whether "never happened" is an answer for a feature, such as the share of carts abandoned where none was filled. */
export const canBeAbsent = (name: string): boolean => BY_NAME.get(name)?.unknownText !== undefined;

/** What contradicts itself in these values, in words; undefined when nothing does. */
export function contradiction(values: Readonly<Record<string, number>>): string | undefined {
  for (const [part, whole] of NEVER_MORE) {
    const [less, more] = [values[part], values[whole]];
    if (less !== undefined && more !== undefined && less > more) {
      return `${part} ${less} above ${whole} ${more}`;
    }
  }
  const { recency_days: recency, orders_90d: recent } = values;
  if (recency === undefined || recent === undefined || recency <= 90 === recent > 0) return undefined;
  return `recency_days ${recency} with orders_90d ${recent}`;
}
