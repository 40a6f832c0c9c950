import { countOf } from "shopflow/runtime/mod.ts";

/** A feature: what it is called, how it is computed and how it is worded for people. */
export interface Feature {
  /** Column name. */
  name: string;
  /** What it measures, for documentation and for the API. */
  description: string;
  /** Unit of the value: days, orders, currency, share (0..1), … */
  unit: string;
  /** Aggregate SQL over the rows of its group, one value a customer. */
  sql: string;
  /** Value of a customer of whom the group has no row: 0 for counts, null for what is then unknown. */
  whenAbsent: 0 | null;
  /** The fact in words, e.g. "112 days since the last order (usual gap 31)". */
  text(value: number, all: Record<string, number | null>): string;
  /** What it means when the value is not known. */
  unknownText?: string;
}

/** Features that are aggregates over the same rows. */
export interface FeatureGroup {
  /** Name of the rows' common table expression; they have `customer_id` and `days_ago` (1 = the day before as_of). */
  rows: string;
  /** Common table expressions, ending with `rows`, that hold only data strictly before the as-of date. */
  sql(asOf: string): string;
  features: Feature[];
}

/** "no orders", "1 order", "2 orders": a rounded count with its noun. */
export function counted(value: number, noun: string): string {
  return value === 0 ? `no ${noun}s` : countOf(Math.round(value), noun);
}

/** A share in whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
