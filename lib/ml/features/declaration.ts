import { InputError } from "shopflow/errors/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";

/** A feature: what it is called, how it is computed and how it is worded for people. */
export interface Feature {
  /** Column name. */
  name: string;
  /** What it measures, for documentation and for the API. */
  description: string;
  /** Unit of the value: days, orders, currency, share (0..1), … */
  unit: string;
  /** Aggregate SQL over the rows of its {@linkcode FeatureRows}, one value an entity. */
  sql: string;
  /** Value of an entity that has no such row: 0 for counts, null for what is then unknown. */
  whenAbsent: 0 | null;
  /**
   * What it is about, e.g. `support`; by default itself. Features of one topic say much the same, so that reasons add up what
   * they contribute and name the one that says most.
   */
  topic?: string;
  /** The fact as a sentence about the entity, e.g. "Has not ordered for 112 days, usually orders every 31 days". */
  text(value: number, all: Record<string, number | null>): string;
  /** What it means when the value is not known. */
  unknownText?: string;
  /** Least and most value by definition, where the unit does not say it. */
  limits?: readonly [least: number, most: number];
  /** The feature that this one is never more than, by how both are defined. */
  neverAbove?: string;
  /** Nothing can be estimated without it. */
  isRequired?: true;
  /** It looks at so many days before the as-of date; see {@linkcode FeatureRows.unrecordedText}. */
  windowDays?: number;
}

/**
 * Rows that features are aggregates of. The SQL has no date: what was known on a date is cut out of these rows by their
 * times, in one place for all features.
 */
export interface FeatureRows {
  /** Names the rows in SQL. */
  name: string;
  /** What they are and when each is known, for the reference; Markdown. */
  knownWhen: string;
  /** A query on the curated tables with the entity's column and those named below; no date in it. */
  sql: string;
  /** Column with the day or time at which it happened; a row counts when that is before the as-of date. */
  eventTime: string;
  /**
   * Column with the time at which the lake first had the row, and the table whose extracts brought it. A row that came
   * later than the first extract after its day counts from the day on which it came, since whoever scored before did not
   * have it.
   */
  arrival?: { time: string; table: string };
  /** Columns that are known later than their row, with the column of the time from which: unknown until then. */
  knownLater?: Readonly<Record<string, string>>;
  /** Makes one row of several that are known: grouped by an SQL expression, with these aggregates as columns. */
  combine?: { by: string; columns: string };
  /** More columns of the rows that are known; may be window functions over these. */
  derive?: string;
  /**
   * Set where the table may begin later than the entities do, such as the clicks of a shop that starts to record them today:
   * what is said of a feature whose window reaches back beyond the first row. Nobody knows what happened before, so that
   * such a feature has no value for anyone on that date, rather than a count of 0. Each feature then has `windowDays`.
   */
  unrecordedText?: string;
  features: readonly Feature[];
}

/** What a curated table showed as of a date: the proof that no feature reads more; see `checkFutureRows`. */
export interface AsOfTable {
  /** When its rows are known, for the reference; Markdown. */
  knownWhen: string;
  /** Column with the time from which a row is known. */
  eventTime?: string;
  arrivalTime?: string;
  /** As {@linkcode FeatureRows.knownLater}. */
  knownLater?: Readonly<Record<string, string>>;
  /** Columns that hold today's state, so never what was known on a date. */
  todayOnly?: readonly string[];
  /** Columns `valid_from, valid_to, is_current` of a dimension whose versions are kept. */
  isVersioned?: true;
}

/** What is declared of the features of an entity. */
export interface FeatureDeclaration {
  /** Names the set in messages and in the cache. */
  name: string;
  /** Column of the entity, e.g. `customer_id`. */
  entity: string;
  /** Every entity has rows of the first. */
  rows: readonly FeatureRows[];
  /** Condition in SQL on features: the entities of whom features are computed. */
  population: string;
  /** Units whose values are whole numbers. */
  countUnits: readonly string[];
  /** Curated tables that may be read. */
  tables: Readonly<Record<string, AsOfTable>>;
  /** A contradiction between values that {@linkcode Feature.neverAbove} cannot say, in words. */
  contradiction?(values: Readonly<Record<string, number>>): string | undefined;
}

/** Features of an entity, declared once for training, scoring, the API and the reference. */
export interface FeatureSet extends FeatureDeclaration {
  /** Of all rows, in their order. */
  features: readonly Feature[];
  /** Their names. */
  names: readonly string[];
  /** A feature by its name; undefined of a name that is none. */
  feature(name: string): Feature | undefined;
  /**
   * Of a feature of rows that may begin late: the count over the same window, which is unknown only when the window was not
   * recorded, and what is said then.
   */
  recordingOf(name: string): { count: string; unrecordedText: string } | undefined;
}

/**
 * Checks a declaration and makes a set of it.
 *
 * @throws {InputError} when two features have one name, a name is none in SQL, `neverAbove` names no feature, SQL asks for
 *   today's date, or reads a table by its schema, which would evade the proof that no feature reads what was not known, or
 *   rows that may begin late have a feature of no window, or of one without a count that says whether it was recorded.
 */
export function defineFeatures(declaration: FeatureDeclaration): FeatureSet {
  const features = declaration.rows.flatMap(({ features }) => features);
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  const names = features.map(({ name }) => name);
  for (const [i, { name, neverAbove }] of features.entries()) {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || name === declaration.entity || name === "as_of") {
      throw invalid(name, "a name of lower-case letters, digits and _ that is no other column's", name);
    }
    if (names.indexOf(name) !== i) throw invalid(name, "a name that no other feature has", `${name} twice`);
    if (neverAbove !== undefined && !byName.has(neverAbove)) {
      throw invalid(name, "neverAbove with the name of a feature", neverAbove);
    }
  }
  for (const { name, sql, derive = "", features } of declaration.rows) {
    const text = [sql, derive, ...features.map(({ sql }) => sql)].join("\n");
    const qualified = /\b(?:main|temp|memory|read_parquet|parquet_scan)\s*["'.(]/i.exec(text)?.[0];
    const clock = /\b(?:current_date|current_timestamp|now\s*\(|today\s*\(|random\s*\()/i.exec(text)?.[0];
    if (clock !== undefined) {
      throw invalid(name, "days_ago, which counts from the as-of date", clock);
    }
    if (qualified !== undefined) {
      throw invalid(
        name,
        `tables by their names alone: ${Object.keys(declaration.tables).join(", ")}`,
        qualified,
      );
    }
  }
  const recordings = recordingsOf(declaration.rows);
  return {
    ...declaration,
    features,
    names,
    feature: (name) => byName.get(name),
    recordingOf: (name) => recordings.get(name),
  };
}

function recordingsOf(rows: readonly FeatureRows[]) {
  const recordings = new Map<string, { count: string; unrecordedText: string }>();
  for (const { features, unrecordedText } of rows) {
    if (unrecordedText === undefined) continue;
    for (const { name, windowDays } of features) {
      if (windowDays === undefined || !(Number.isInteger(windowDays) && windowDays > 0)) {
        throw invalid(
          name,
          "windowDays, a whole number above 0, as its table may begin later than the entities do",
          String(windowDays),
        );
      }
      const count = features.find((other) => other.windowDays === windowDays && other.whenAbsent === 0);
      if (count === undefined) {
        throw invalid(
          name,
          `a count over the same ${windowDays} days, to say that they were recorded`,
          "none",
        );
      }
      recordings.set(name, { count: count.name, unrecordedText });
    }
  }
  return recordings;
}

const invalid = (name: string, expected: string, found: string) =>
  new InputError(`Invalid declaration of the feature ${name}`, {
    expected,
    found,
    remedy: "documentation/how_to/add_a_feature.md shows one.",
  });

/** "no orders", "1 order", "2 orders": a rounded count with its noun. */
export function countText(value: number, noun: string): string {
  return value === 0 ? `no ${noun}s` : countOf(Math.round(value), noun);
}

/** "once", "twice", "3 times": a rounded count of an event that happened. */
export function timesText(value: number): string {
  const count = Math.round(value);
  return count === 1 ? "once" : count === 2 ? "twice" : `${formatCount(count)} times`;
}

/** A share in whole percent. */
export function shareText(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/**
 * A feature's value as a sentence, e.g. "Has not ordered for 112 days, usually orders every 31 days".
 *
 * @param known What is known of the entity: null says that there is nothing to measure, such as a share of carts
 *   abandoned where none was filled; a feature that is absent was not provided, of which nothing can be said.
 */
export function featureText(
  set: Pick<FeatureSet, "feature" | "recordingOf">,
  name: string,
  known: Readonly<Record<string, number | null>>,
): string {
  const value = known[name];
  const label = name.replaceAll("_", " ");
  if (value === undefined) return `${label}: not provided`;
  const feature = set.feature(name);
  // A model saved by another version may know features that this one does not.
  if (feature === undefined) return `${label}: ${value ?? "unknown"}`;
  if (value === null) {
    const recording = set.recordingOf(name);
    if (recording !== undefined && known[recording.count] === null) return recording.unrecordedText;
    return feature.unknownText ?? `${label} unknown`;
  }
  return feature.text(value, known);
}
