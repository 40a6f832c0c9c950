/** Columns of a trial as people have them: rows, columns or an Arquero table, with numbers, texts and gaps. */
import { InputError, someOf } from "shopflow/errors/mod.ts";
import { type FeatureMatrix, featureMatrix } from "shopflow/ml/classifier/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";

/** Rows as objects, columns by name, or a table with `objects()` such as Arquero's. */
export type TrialData =
  | readonly object[]
  | Readonly<Record<string, ArrayLike<unknown>>>
  | { objects(): object[] };

/** Reads columns by name. */
export interface Columns {
  rows: number;
  /** @throws {InputError} when there is no such column, with those that there are. */
  column(name: string): ArrayLike<unknown>;
}

/** @throws {InputError} when there are no rows, or columns differ in length. */
export function openColumns(data: TrialData): Columns {
  const rows = Array.isArray(data)
    ? data as readonly Record<string, unknown>[]
    : "objects" in data && typeof data.objects === "function"
    ? data.objects() as Record<string, unknown>[]
    : undefined;
  const columns = data as Readonly<Record<string, ArrayLike<unknown>>>;
  const names = rows ? Object.keys(rows[0] ?? {}) : Object.keys(columns);
  const count = rows ? rows.length : columns[names[0] ?? ""]?.length ?? 0;
  if (count === 0) {
    throw new InputError("The trial has no rows", {
      expected: "rows as objects, columns by name, or a table",
      found: rows ? "no rows" : `${names.length} columns without values`,
    });
  }
  const uneven = rows ? undefined : names.find((name) => columns[name]?.length !== count);
  if (uneven !== undefined) {
    throw new InputError(`The column ${uneven} does not fit`, {
      expected: `${count} values, as in ${names[0]}`,
      found: String(columns[uneven]?.length),
    });
  }
  return {
    rows: count,
    column(name) {
      if (!names.includes(name)) {
        throw new InputError(`The trial has no column ${JSON.stringify(name)}`, {
          expected: `one of ${someOf(names)}`,
          remedy: "Names are compared letter by letter.",
        });
      }
      return rows ? rows.map((row) => row[name]) : columns[name]!;
    },
  };
}

const isMissing = (value: unknown) =>
  value === null || value === undefined || (typeof value === "number" && Number.isNaN(value)) ||
  (typeof value === "string" && value.trim() === "");

/** A value as a number, NaN where it is missing or none: a boolean as 0 or 1, a time in days, a text by its digits. */
export function numberOf(value: unknown): number {
  if (isMissing(value)) return NaN;
  if (value instanceof Date) return value.getTime() / 86_400_000;
  return Number(value);
}

/**
 * A column of numbers, none of them missing.
 *
 * @throws {InputError} that names the first row without a finite number, and how many there are.
 */
export function numberColumn(columns: Columns, name: string, what: string): Float64Array {
  const column = columns.column(name);
  const values = Float64Array.from({ length: columns.rows }, (_, row) => numberOf(column[row]));
  const bad = values.filter((value) => !Number.isFinite(value)).length;
  if (bad === 0) return values;
  const first = values.findIndex((value) => !Number.isFinite(value));
  throw new InputError(`The ${what} ${name} is not known in ${bad} of ${columns.rows} rows`, {
    expected: "a finite number in every row",
    found: `${JSON.stringify(column[first]) ?? "nothing"} in row ${first}`,
    remedy:
      "Decide what these rows mean: give them a value (0 for a customer who bought nothing), or leave them out of all arms alike.",
  });
}

/** Categories of one column that get a feature each; further ones, the rarest, share one. */
const MOST_CATEGORIES = 20;

/** How one column becomes features: as it is, or a 0/1 feature a category. */
interface ColumnEncoding {
  column: string;
  /** Undefined for a column of numbers. */
  categories?: readonly string[];
}

/** How columns become features, so that new rows are encoded as those of the trial were. */
export interface FeatureEncoding {
  columns: readonly ColumnEncoding[];
}

/**
 * Decides how columns become features. Numbers, booleans, times and texts of digits stay numbers; another column gets
 * a feature for each of its categories, the twenty most frequent at most, the others together as `other`.
 */
export function planEncoding(columns: Columns, names: readonly string[]): FeatureEncoding {
  return {
    columns: names.map((name) => {
      const counts = new Map<string, number>();
      let isNumeric = true;
      const column = columns.column(name);
      for (let row = 0; row < columns.rows; row++) {
        const value = column[row];
        if (isMissing(value)) continue;
        if (isNumeric && !Number.isNaN(numberOf(value))) continue;
        isNumeric = false;
        break;
      }
      if (isNumeric) return { column: name };
      for (let row = 0; row < columns.rows; row++) {
        if (!isMissing(column[row])) {
          counts.set(String(column[row]), (counts.get(String(column[row])) ?? 0) + 1);
        }
      }
      const frequent = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, MOST_CATEGORIES).map(([category]) => category).sort();
      return { column: name, categories: frequent };
    }),
  };
}

/**
 * The features of rows, by an encoding made of the trial's rows. A missing value is NaN in a column of numbers and 0
 * in every category; a category that the trial did not have counts as `other`.
 *
 * @throws {InputError} when a column is missing. @throws {ModelError} when a number is infinite.
 */
export function encodeFeatures(encoding: FeatureEncoding, columns: Columns): FeatureMatrix {
  const features: Record<string, (number | null)[]> = {};
  for (const { column: name, categories } of encoding.columns) {
    const column = columns.column(name);
    const values = Array.from({ length: columns.rows }, (_, row) => column[row]);
    if (categories === undefined) {
      features[name] = values.map((value) => {
        const number = numberOf(value);
        return Number.isNaN(number) ? null : number;
      });
      continue;
    }
    const place = new Map(categories.map((category, index) => [category, index]));
    const codes = values.map((value) => isMissing(value) ? -2 : place.get(String(value)) ?? -1);
    for (const [index, category] of categories.entries()) {
      features[`${name}=${category}`] = codes.map((code) => Number(code === index));
    }
    if (categories.length === MOST_CATEGORIES) {
      features[`${name}=other`] = codes.map((code) => Number(code === -1));
    }
  }
  return featureMatrix(Object.keys(features), features);
}

/** A covariate with its gaps filled by its mean: known before the draw, so this biases no comparison of arms. */
export function fillMissing(values: Float64Array): { filled: Float64Array; missing: number } {
  let sum = 0, known = 0;
  for (const value of values) if (Number.isFinite(value)) sum += value, known++;
  const filled = values.map((value) => Number.isFinite(value) ? value : known === 0 ? 0 : sum / known);
  return { filled, missing: values.length - known };
}

/** Column `j` of a matrix as doubles. */
export function matrixColumn(matrix: FeatureMatrix, j: number): Float64Array {
  const width = matrix.names.length;
  return Float64Array.from({ length: matrix.rows }, (_, row) => valueAt(matrix.values, row * width + j));
}
