import { ModelError } from "shopflow/errors/mod.ts";

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
    throw new ModelError("Features of the model are not computed any more", {
      expected: missing.join(", "),
      found: matrix.names.join(", "),
    });
  }
  const values = new Float32Array(matrix.rows * names.length);
  for (let row = 0; row < matrix.rows; row++) {
    for (const [j, column] of columns.entries()) {
      values[row * names.length + j] = matrix.values[row * matrix.names.length + column]!;
    }
  }
  return { names, rows: matrix.rows, values };
}

/** The values of one row. */
export function matrixRow(matrix: FeatureMatrix, row: number): Float32Array {
  const width = matrix.names.length;
  return matrix.values.subarray(row * width, (row + 1) * width);
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
  throw new ModelError("These are not the features the model was fitted with", {
    expected: `${expected.length} features: ${expected.join(", ")}`,
    found: `${found.length} features: ${found.join(", ")}`,
  });
}

function checkedValue(value: unknown, name: string, row: number): number {
  if (value === null) return NaN;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ModelError(`Row ${row} of the feature ${name} has no usable value`, {
    expected: "a finite number, or null where it is not known",
    found: String(value),
  });
}
