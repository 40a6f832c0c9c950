import { ModelError } from "shopflow/errors/mod.ts";
import { type SparseMatrix, transpose } from "./matrix.ts";

/**
 * Keeps the `k` candidates with the highest scores; among equal scores the lower index wins, so that the
 * result does not depend on the order of offers.
 */
export class TopK {
  readonly #indexes: Uint32Array;
  readonly #scores: Float64Array;
  #size = 0;

  constructor(readonly k: number) {
    this.#indexes = new Uint32Array(k);
    this.#scores = new Float64Array(k);
  }

  offer(index: number, score: number): void {
    if (this.#size < this.k) {
      this.#place(this.#size++, index, score);
      this.#rise(this.#size - 1);
    } else if (this.k > 0 && this.#worse(this.#indexes[0]!, this.#scores[0]!, index, score)) {
      this.#place(0, index, score);
      this.#sink(0);
    }
  }

  /** Hands out what was kept, best first, and is empty again. */
  drain(): { index: number; score: number }[] {
    const best = Array.from(
      { length: this.#size },
      (_, i) => ({ index: this.#indexes[i]!, score: this.#scores[i]! }),
    );
    this.#size = 0;
    return best.sort((a, b) => b.score - a.score || a.index - b.index);
  }

  #worse(index: number, score: number, thanIndex: number, thanScore: number): boolean {
    return score < thanScore || (score === thanScore && index > thanIndex);
  }

  #place(at: number, index: number, score: number): void {
    this.#indexes[at] = index;
    this.#scores[at] = score;
  }

  #isWorseAt(a: number, b: number): boolean {
    return this.#worse(this.#indexes[a]!, this.#scores[a]!, this.#indexes[b]!, this.#scores[b]!);
  }

  #swap(a: number, b: number): void {
    const index = this.#indexes[a]!, score = this.#scores[a]!;
    this.#place(a, this.#indexes[b]!, this.#scores[b]!);
    this.#place(b, index, score);
  }

  /** The heap has the worst candidate at its root, where a better one replaces it. */
  #rise(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorseAt(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(at: number): void {
    for (;;) {
      const left = 2 * at + 1, right = left + 1;
      let worst = at;
      if (left < this.#size && this.#isWorseAt(left, worst)) worst = left;
      if (right < this.#size && this.#isWorseAt(right, worst)) worst = right;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }
}

export interface ItemItemOptions {
  /** Neighbours kept of each product. */
  neighbours: number;
  /** Added to the product of the norms: pairs seen together by few customers count less. */
  shrinkage: number;
  /**
   * Power of a customer's norm by which the customer's weights are divided: 0 counts every interaction the
   * same, 1 counts every customer the same, so that who buys everything says little about what belongs together.
   */
  customerNormalisation: number;
}

/** The nearest products of every product: those of product i are entries offsets[i] to offsets[i + 1], best first. */
export interface ItemNeighbours {
  /** products + 1 numbers. */
  offsets: Uint32Array;
  indexes: Uint32Array;
  /** Above 0 and at most 1. */
  similarities: Float32Array;
}

/**
 * Item-item collaborative filtering with cosine similarity (Sarwar, Karypis, Konstan and Riedl 2001, "Item-based
 * collaborative filtering recommendation algorithms", section 3.1), rows normalised as by Deshpande and
 * Karypis 2004 ("Item-based top-N recommendation algorithms", section 4.1), shrunk as
 *
 *     s(i, j) = Σ_u w_ui w_uj / (|w_i| |w_j| + shrinkage)
 *
 * Time grows with the sum over customers of the square of their number of products; memory with products × neighbours.
 *
 * @param matrix customers × products, weights above 0
 * @throws {ModelError} when an option is out of its range.
 */
export function itemItemCosine(matrix: SparseMatrix, options: ItemItemOptions): ItemNeighbours {
  checkOptions(options);
  const { neighbours, shrinkage, customerNormalisation } = options;
  const byCustomer = normaliseRows(matrix, customerNormalisation);
  const byProduct = transpose(byCustomer);
  const norms = rowNorms(byProduct);
  const products = matrix.columns;
  const dots = new Float64Array(products);
  const touched = new Uint32Array(products);
  const best = new TopK(neighbours);
  const offsets = new Uint32Array(products + 1);
  let indexes = new Uint32Array(products * Math.min(neighbours, 32));
  let similarities = new Float32Array(indexes.length);

  for (let product = 0; product < products; product++) {
    const found = dotsWithAll(product, byProduct, byCustomer, dots, touched);
    for (let i = 0; i < found; i++) {
      const other = touched[i]!;
      if (other !== product) best.offer(other, dots[other]! / (norms[product]! * norms[other]! + shrinkage));
      dots[other] = 0;
    }
    let end = offsets[product]!;
    if (end + neighbours > indexes.length) {
      indexes = grown(indexes, end + neighbours, (size) => new Uint32Array(size));
      similarities = grown(similarities, end + neighbours, (size) => new Float32Array(size));
    }
    for (const { index, score } of best.drain()) {
      indexes[end] = index;
      similarities[end++] = Math.min(1, score);
    }
    offsets[product + 1] = end;
  }
  const size = offsets[products]!;
  return { offsets, indexes: indexes.slice(0, size), similarities: similarities.slice(0, size) };
}

/** Adds up w_ui w_uj for every j; returns how many products were met, listed in `touched`. */
function dotsWithAll(
  product: number,
  byProduct: SparseMatrix,
  byCustomer: SparseMatrix,
  dots: Float64Array,
  touched: Uint32Array,
): number {
  let found = 0;
  for (let entry = byProduct.offsets[product]!; entry < byProduct.offsets[product + 1]!; entry++) {
    const customer = byProduct.indexes[entry]!;
    const weight = byProduct.values[entry]!;
    const end = byCustomer.offsets[customer + 1]!;
    for (let at = byCustomer.offsets[customer]!; at < end; at++) {
      const other = byCustomer.indexes[at]!;
      // Weights are above 0, so a dot product of 0 means that this product was not met yet.
      if (dots[other] === 0) touched[found++] = other;
      dots[other]! += weight * byCustomer.values[at]!;
    }
  }
  return found;
}

function normaliseRows(matrix: SparseMatrix, power: number): SparseMatrix {
  if (power === 0) return matrix;
  const values = matrix.values.slice();
  const norms = rowNorms(matrix);
  for (let row = 0; row < matrix.rows; row++) {
    const divisor = norms[row]! ** power;
    for (let at = matrix.offsets[row]!; at < matrix.offsets[row + 1]!; at++) values[at]! /= divisor;
  }
  return { ...matrix, values };
}

function rowNorms({ rows, offsets, values }: SparseMatrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let squares = 0;
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) squares += values[at]! ** 2;
    return Math.sqrt(squares);
  });
}

function grown<T extends Uint32Array | Float32Array>(
  array: T,
  needed: number,
  create: (size: number) => T,
): T {
  const larger = create(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

function checkOptions({ neighbours, shrinkage, customerNormalisation }: ItemItemOptions): void {
  const wrong = !(Number.isInteger(neighbours) && neighbours > 0)
    ? ["neighbours", "a whole number above 0", neighbours]
    : !(shrinkage >= 0 && shrinkage < Infinity)
    ? ["shrinkage", "a number of at least 0", shrinkage]
    : !(customerNormalisation >= 0 && customerNormalisation <= 1)
    ? ["customerNormalisation", "a number from 0 to 1", customerNormalisation]
    : undefined;
  if (wrong === undefined) return;
  const [name, expected, found] = wrong;
  throw new ModelError(`The option ${name} is out of range`, {
    expected: String(expected),
    found: String(found),
  });
}
