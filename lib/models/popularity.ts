import { ModelError } from "shopflow/errors/mod.ts";

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
    const age = sales.ageDays[i]!;
    if (!(age >= 0)) {
      throw new ModelError(`A sale of ${product} is later than the as-of date`, {
        expected: "an age of at least 0 days",
        found: String(age),
      });
    }
    const weight = sales.orders[i]! * 0.5 ** (age / halfLifeDays);
    weights.set(product, (weights.get(product) ?? 0) + weight);
    total += weight;
  });
  return new Map([...weights].map(([product, weight]) => [product, weight / total]));
}
