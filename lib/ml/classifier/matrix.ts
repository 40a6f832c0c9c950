import { valueAt } from "../vectors.ts";
import { ModelError, someOf, TooLittleDataError } from "shopflow/errors/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";

/** Rows of features for a classifier. */
export interface FeatureMatrix {
  /** Column names, in order. */
  names: readonly string[];
  rows: number;
  /** rows × names.length values, row by row; NaN marks a value that is not known. */
  values: Float32Array;
}

/**
 * Builds a matrix from columns of equal length; null means that a value is not known.
 *
 * @throws {ModelError} when a column is missing or of another length, or a value is not a finite number: a
 * NaN that slipped in from a computation must not be taken for "not known".
 */
export function featureMatrix(
  names: readonly string[],
  columns: Record<string, readonly unknown[] | undefined>,
): FeatureMatrix {
  const rows = columns[names[0] ?? ""]?.length ?? 0;
  const values = new Float32Array(rows * names.length);
  for (const [j, name] of names.entries()) {
    const column = columns[name];
    if (column?.length !== rows) {
      throw new ModelError(`The feature ${name} does not fit`, {
        expected: `${rows} values`,
        found: column === undefined ? "no such column" : `${column.length} values`,
      });
    }
    for (let i = 0; i < rows; i++) values[i * names.length + j] = checkedValue(column[i], name, i);
  }
  return { names, rows, values };
}

/**
 * The columns of these names, in this order.
 *
 * @throws {ModelError} when a column is missing.
 */
export function pickFeatures(matrix: FeatureMatrix, names: readonly string[]): FeatureMatrix {
  const columns = names.map((name) => matrix.names.indexOf(name));
  const missing = names.filter((_, j) => columns[j] === -1);
  if (missing.length > 0) {
    throw new ModelError(
      `The model uses ${countOf(missing.length, "feature")} that no longer exist${
        missing.length === 1 ? "s" : ""
      }: ${someOf(missing)}`,
    );
  }
  const values = new Float32Array(matrix.rows * names.length);
  for (let row = 0; row < matrix.rows; row++) {
    for (const [j, column] of columns.entries()) {
      values[row * names.length + j] = valueAt(matrix.values, row * matrix.names.length + column);
    }
  }
  return { names, rows: matrix.rows, values };
}

/** The values of one row. */
export function matrixRow(matrix: FeatureMatrix, row: number): Float32Array {
  const width = matrix.names.length;
  return matrix.values.subarray(row * width, (row + 1) * width);
}

/** Some rows of a matrix, in the order given. */
export function takeRows(matrix: FeatureMatrix, rows: ArrayLike<number>): FeatureMatrix {
  const width = matrix.names.length;
  const values = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) values.set(matrixRow(matrix, valueAt(rows, i)), i * width);
  return { names: matrix.names, rows: rows.length, values };
}

/** Matrices with the same columns, one below the other. */
export function stackMatrices(matrices: FeatureMatrix[]): FeatureMatrix {
  const names = matrices[0]?.names ?? [];
  for (const matrix of matrices) checkFeatureNames(names, matrix.names);
  const values = new Float32Array(matrices.reduce((size, matrix) => size + matrix.values.length, 0));
  let offset = 0;
  for (const matrix of matrices) {
    values.set(matrix.values, offset);
    offset += matrix.values.length;
  }
  return { names, rows: matrices.reduce((rows, matrix) => rows + matrix.rows, 0), values };
}

/**
 * @throws {ModelError} when the features are not those a model was fitted with, in that order.
 */
export function checkFeatureNames(expected: readonly string[], found: readonly string[]): void {
  if (expected.length === found.length && expected.every((name, i) => name === found[i])) return;
  const [missing, other] = [without(expected, found), without(found, expected)];
  throw new ModelError("These are not the features the model was fitted with", {
    expected: countOf(expected.length, "feature"),
    found: countOf(found.length, "feature") +
      (missing.length === 0 && other.length === 0 ? " in another order" : "") +
      (missing.length > 0 ? `, without ${someOf(missing)}` : "") +
      (other.length > 0 ? `, with ${someOf(other)} besides` : ""),
  });
}

const without = (names: readonly string[], others: readonly string[]) =>
  names.filter((name) => !others.includes(name));

function checkedValue(value: unknown, name: string, row: number): number {
  if (value === null) return NaN;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ModelError(`Row ${row} of the feature ${name} has no usable value`, {
    expected: "a finite number, or null where it is not known",
    found: String(value),
  });
}

/** A fitted classifier of two classes. */
export interface Classifier {
  readonly featureNames: readonly string[];
  /**
   * Probability of class 1, one a row.
   *
   * @throws {ModelError} when the features are not those of the fit.
   */
  predict(features: FeatureMatrix): Float64Array;
  /** The model's files, from which `load` of its trainer makes it again. */
  save(): Record<string, Uint8Array>;
}

/** A way to fit a classifier. Every one passes tests/contracts/classifier_contract.ts. */
export interface ClassifierTrainer<Model extends Classifier = Classifier> {
  readonly name: string;
  /**
   * Fits on rows and their classes (0 or 1). The same rows and seed give the same model.
   *
   * @throws {ModelError} when there are no rows, rows and labels differ in number, or one class is absent.
   */
  fit(features: FeatureMatrix, labels: Uint8Array, options?: { seed?: number }): Promise<Model>;
  /** @throws {ModelError} when a file is missing or not of this kind. */
  load(files: Record<string, Uint8Array>): Model;
}

/**
 * What every fit needs.
 *
 * @throws {ModelError} on rows or labels nothing can be learned from.
 */
export function checkTrainingData(features: FeatureMatrix, labels: Uint8Array): void {
  if (features.rows === 0 || features.names.length === 0) {
    throw new ModelError("There is nothing to learn from", {
      expected: "at least one row and one feature",
      found: `${features.rows} rows of ${features.names.length} features`,
    });
  }
  if (labels.length !== features.rows) {
    throw new ModelError("Rows and labels differ in number", {
      expected: `${features.rows} labels`,
      found: String(labels.length),
    });
  }
  const positives = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const others = labels.findIndex((label) => label > 1);
  if (others >= 0) {
    throw new ModelError("A label is not a class", { expected: "0 or 1", found: String(labels[others]) });
  }
  if (positives === 0 || positives === labels.length) {
    throw new TooLittleDataError("All rows are of one class", {
      expected: "rows of class 0 and of class 1",
      found: `${labels.length} rows of class ${positives === 0 ? 0 : 1}`,
      remedy: "Use a period in which some customers stayed and some left.",
    });
  }
}

/**
 * A file of a saved model as JSON.
 *
 * @throws {ModelError} when it is missing or of another format.
 */
export function readModelJson<T extends { format: string }>(
  files: Record<string, Uint8Array>,
  file: string,
  format: T["format"],
): T {
  const body = files[file];
  if (body === undefined) {
    throw new ModelError("A file of the model is missing", {
      expected: file,
      found: Object.keys(files).join(", ") || "no files",
    });
  }
  let found: string;
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as T;
    if (value.format === format) return value;
    found = JSON.stringify(value.format ?? null);
  } catch (cause) {
    throw new ModelError(`The model file ${file} is not JSON`, { cause, remedy: "Train the model again." });
  }
  throw new ModelError(`The model file ${file} is of another kind`, {
    expected: format,
    found,
    remedy: "Train the model again.",
  });
}

/** The inverse of {@linkcode readModelJson}. */
export function writeModelJson<T extends { format: string }>(value: T): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value) + "\n");
}
