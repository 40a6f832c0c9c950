import { valueAt } from "shopflow/ml/mod.ts";
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
interface InteractionMatrix {
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
    if (!(valueAt(weights, i) > 0 && valueAt(weights, i) < Infinity)) {
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
  for (let row = 0; row < rows; row++) rowOf.fill(row, valueAt(offsets, row), valueAt(offsets, row + 1));
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
  for (let i = 0; i < rowOf.length; i++) offsets[valueAt(rowOf, i) + 1]!++;
  for (let row = 0; row < rows; row++) offsets[row + 1]! += valueAt(offsets, row);
  const next = offsets.slice();
  const indexes = new Uint32Array(rowOf.length);
  const sorted = new Float64Array(rowOf.length);
  for (let i = 0; i < rowOf.length; i++) {
    const at = next[valueAt(rowOf, i)]!++;
    indexes[at] = valueAt(columnOf, i);
    sorted[at] = valueAt(values, i);
  }
  return { rows, columns, offsets, indexes, values: sorted };
}

function mergeRepeats(matrix: SparseMatrix): SparseMatrix {
  const { rows, offsets, indexes, values } = matrix;
  const merged = new Uint32Array(rows + 1);
  let kept = 0;
  for (let row = 0; row < rows; row++) {
    for (let entry = valueAt(offsets, row); entry < valueAt(offsets, row + 1); entry++) {
      if (kept > valueAt(merged, row) && indexes[kept - 1] === indexes[entry]) {
        values[kept - 1]! += valueAt(values, entry);
      } else {
        indexes[kept] = valueAt(indexes, entry);
        values[kept++] = valueAt(values, entry);
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

/** One product that a customer has dealt with, as the recommender takes it. */
export interface Interaction {
  productId: string;
  /** Strength of the interest, above 0; see `interactionsSql` for the stated weights. */
  weight: number;
  /** Whether it was bought, and not only looked at or put into a cart. */
  purchased: boolean;
}

export interface Recommendation {
  productId: string;
  /**
   * Personal recommendations: sum over the history of weight × cosine similarity. Popular ones: share of the
   * shop's recent sales. A list that the history cannot fill is filled up with popular products of score 0.
   */
  score: number;
  /** The purchase that speaks most for this product; null where no purchase does. */
  because: string | null;
}

/** A product that is bought and looked at by the same customers. */
export interface SimilarProduct {
  productId: string;
  /** Cosine similarity, above 0 and at most 1. */
  similarity: number;
}

export interface RecommendOptions {
  /** Leave out what was bought before; by default what the model was trained with. */
  excludePurchased?: boolean;
}

/** What every recommender of the shop can be asked; tests/contracts/recommender_contract.ts is its contract. */
export interface Recommender {
  /** Products in the model, sorted. */
  readonly productIds: readonly string[];
  /** The `n` best products for this history, best first; for a history without a known product, `popular(n)`. */
  recommend(history: readonly Interaction[], n: number, options?: RecommendOptions): Recommendation[];
  /** The `n` products most like this one, best first; empty for a product that is not in the model. */
  similarItems(productId: string, n: number): SimilarProduct[];
  /** The `n` products that sell best at present, best first: the answer for an unknown customer. */
  popular(n: number): Recommendation[];
}

/** How often each product was ordered how long ago, one entry a product and day. */
export interface SalesTable {
  productIds: readonly string[];
  /** Days before the as-of date, at least 0. */
  ageDays: ArrayLike<number>;
  /** Orders that contain the product, above 0. Orders, not units: one wholesale order is not many opinions. */
  orders: ArrayLike<number>;
}

/**
 * Share of each product in the shop's orders when an order loses half its weight every `halfLifeDays`
 * (exponential decay). The shares sum to 1.
 *
 * @throws {ModelError} when the half-life or an age is out of range.
 */
export function decayedPopularity(sales: SalesTable, halfLifeDays: number): Map<string, number> {
  if (!(halfLifeDays > 0)) {
    throw new ModelError("The half-life of popularity is out of range", {
      expected: "days above 0",
      found: String(halfLifeDays),
    });
  }
  const weights = new Map<string, number>();
  let total = 0;
  sales.productIds.forEach((product, i) => {
    const age = valueAt(sales.ageDays, i);
    if (!(age >= 0)) {
      throw new ModelError(`A sale of ${product} is later than the as-of date`, {
        expected: "an age of at least 0 days",
        found: String(age),
      });
    }
    const weight = valueAt(sales.orders, i) * 0.5 ** (age / halfLifeDays);
    weights.set(product, (weights.get(product) ?? 0) + weight);
    total += weight;
  });
  return new Map([...weights].map(([product, weight]) => [product, weight / total]));
}

/** Result columns of `interactionsSql`. */
export interface InteractionColumns {
  customer_id: string[];
  product_id: string[];
  weight: number[];
  purchased: boolean[];
}

/** Result columns of `salesByAgeSql`. */
export interface SalesColumns {
  product_id: string[];
  age_days: number[];
  orders: number[];
}

/** The rows of `interactionsSql`, one a customer and product, as a recommender is fitted to them. */
export function interactionTable(columns: InteractionColumns): InteractionTable {
  return { customerIds: columns.customer_id, productIds: columns.product_id, weights: columns.weight };
}

/** The rows of `salesByAgeSql`, one a product and age in days, as popularity is counted from them. */
export function salesTable(columns: SalesColumns): SalesTable {
  return { productIds: columns.product_id, ageDays: columns.age_days, orders: columns.orders };
}

/** What each customer has dealt with, by customer id in the order of the rows. */
export function historiesByCustomer(columns: InteractionColumns): Map<string, Interaction[]> {
  const histories = new Map<string, Interaction[]>();
  columns.customer_id.forEach((customer, i) => {
    let history = histories.get(customer);
    if (history === undefined) histories.set(customer, history = []);
    history.push({
      productId: valueAt(columns.product_id, i),
      weight: valueAt(columns.weight, i),
      purchased: valueAt(columns.purchased, i),
    });
  });
  return histories;
}
