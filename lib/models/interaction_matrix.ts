import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";

/** Interactions by column, one entry a customer and product. */
export interface InteractionTable {
  customerIds: readonly string[];
  productIds: readonly string[];
  /** Above 0. */
  weights: ArrayLike<number>;
}

/** A sparse customers × products matrix in compressed rows: row r holds the entries offsets[r] to offsets[r + 1]. */
export interface SparseMatrix {
  rows: number;
  columns: number;
  /** rows + 1 numbers. */
  offsets: Uint32Array;
  /** Column of each entry, rising within a row. */
  indexes: Uint32Array;
  values: Float64Array;
}

/** The matrix of a table of interactions, with the ids of its rows and columns, sorted. */
export interface InteractionMatrix {
  customerIds: string[];
  productIds: string[];
  matrix: SparseMatrix;
}

/**
 * Sorts interactions into a sparse matrix; the order of the rows given does not matter. Weights of repeated
 * pairs are added.
 *
 * @param catalogue products that get a column though nobody may have dealt with them
 * @throws {ModelError} on no rows, or on a weight that is not a number above 0.
 */
export function interactionMatrix(
  table: InteractionTable,
  catalogue: readonly string[] = [],
): InteractionMatrix {
  const { customerIds, productIds, weights } = table;
  if (customerIds.length === 0) {
    throw new TooLittleDataError("There are no interactions to learn from", {
      expected: "at least one customer who bought or looked at a product",
      found: "0 rows",
      remedy: "Check that fact_orders has sales with known customers.",
    });
  }
  if (productIds.length !== customerIds.length || weights.length !== customerIds.length) {
    throw new ModelError("The columns of the interactions differ in length", {
      expected: `${customerIds.length} product ids and weights`,
      found: `${productIds.length} and ${weights.length}`,
    });
  }
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! > 0 && weights[i]! < Infinity)) {
      throw new ModelError(`The weight of ${customerIds[i]} and ${productIds[i]} is wrong`, {
        expected: "a number above 0",
        found: String(weights[i]),
      });
    }
  }
  const customers = sortedIds(customerIds), products = sortedIds([...productIds, ...catalogue]);
  const rows = positions(customerIds, customers), columns = positions(productIds, products);
  // Two counting sorts, by column and then by row, leave every row sorted by column.
  const byColumn = compress(columns, rows, weights, products.length, customers.length);
  const matrix = transpose(byColumn);
  return { customerIds: customers, productIds: products, matrix: mergeRepeats(matrix) };
}

/** The same entries with rows and columns exchanged. */
export function transpose({ rows, columns, offsets, indexes, values }: SparseMatrix): SparseMatrix {
  const rowOf = new Uint32Array(indexes.length);
  for (let row = 0; row < rows; row++) rowOf.fill(row, offsets[row]!, offsets[row + 1]!);
  return compress(indexes, rowOf, values, columns, rows);
}

function compress(
  rowOf: Uint32Array,
  columnOf: Uint32Array,
  values: ArrayLike<number>,
  rows: number,
  columns: number,
): SparseMatrix {
  const offsets = new Uint32Array(rows + 1);
  for (let i = 0; i < rowOf.length; i++) offsets[rowOf[i]! + 1]!++;
  for (let row = 0; row < rows; row++) offsets[row + 1]! += offsets[row]!;
  const next = offsets.slice();
  const indexes = new Uint32Array(rowOf.length);
  const sorted = new Float64Array(rowOf.length);
  for (let i = 0; i < rowOf.length; i++) {
    const at = next[rowOf[i]!]!++;
    indexes[at] = columnOf[i]!;
    sorted[at] = values[i]!;
  }
  return { rows, columns, offsets, indexes, values: sorted };
}

function mergeRepeats(matrix: SparseMatrix): SparseMatrix {
  const { rows, offsets, indexes, values } = matrix;
  const merged = new Uint32Array(rows + 1);
  let kept = 0;
  for (let row = 0; row < rows; row++) {
    for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++) {
      if (kept > merged[row]! && indexes[kept - 1] === indexes[entry]) {
        values[kept - 1]! += values[entry]!;
      } else {
        indexes[kept] = indexes[entry]!;
        values[kept++] = values[entry]!;
      }
    }
    merged[row + 1] = kept;
  }
  return { ...matrix, offsets: merged, indexes: indexes.slice(0, kept), values: values.slice(0, kept) };
}

function sortedIds(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function positions(names: readonly string[], ids: readonly string[]): Uint32Array {
  const positionOf = new Map(ids.map((id, i) => [id, i]));
  return Uint32Array.from(names, (name) => positionOf.get(name)!);
}
