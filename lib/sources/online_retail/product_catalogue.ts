import type { ImportRule } from "../import_report.ts";
import { centsAsDecimal } from "./exact_amount.ts";
import type { OrderLine } from "./order_line.ts";
import { isServiceCharge, SERVICE_CATEGORY } from "./order_line_rules.ts";

const LONGEST_NAME = 255;

/** A row of the source table `products`; null where the transactions do not say. */
export interface CataloguedProduct {
  productId: string;
  productName: string | null;
  /** Known of service charges only. */
  category: string | null;
  price: string | null;
}

interface Seen {
  descriptions: Map<string, number>;
  prices: Map<number, number>;
}

/** Gathers the products that order lines name: what they are called and cost most often. */
export class ProductCatalogue {
  readonly #products = new Map<string, Seen>();

  add({ productId, description, unitPriceCents }: OrderLine): void {
    let seen = this.#products.get(productId);
    if (!seen) this.#products.set(productId, seen = { descriptions: new Map(), prices: new Map() });
    if (description !== "") increment(seen.descriptions, description);
    if (unitPriceCents > 0) increment(seen.prices, unitPriceCents);
  }

  /** Every product by id; the most frequent description and positive price, the first seen of equal ones. */
  products(): CataloguedProduct[] {
    return [...this.#products].sort(([a], [b]) => a < b ? -1 : 1).map(([productId, seen]) => {
      const name = mostFrequent(seen.descriptions);
      const price = mostFrequent(seen.prices);
      return {
        productId,
        productName: name?.slice(0, LONGEST_NAME) ?? null,
        category: isServiceCharge(productId) ? SERVICE_CATEGORY : null,
        price: price === undefined ? null : centsAsDecimal(price),
      };
    });
  }

  /** What was decided for how many products. */
  report(): ImportRule[] {
    const products = this.products();
    const distinct = new Set(products.map(({ productId }) => productId.toUpperCase())).size;
    const cut =
      [...this.#products.values()].filter(({ descriptions }) =>
        (mostFrequent(descriptions)?.length ?? 0) > LONGEST_NAME
      ).length;
    return [
      {
        rule: "missing_name",
        action: "kept",
        rows: products.filter(({ productName }) => productName === null).length,
        description: "Codes without any description: product_name is NULL",
      },
      {
        rule: "missing_price",
        action: "kept",
        rows: products.filter(({ price }) => price === null).length,
        description: "Codes never sold at a positive price: price is NULL",
      },
      {
        rule: "code_differs_in_case",
        action: "kept",
        rows: products.length - distinct,
        description: "Codes that equal another but for upper and lower case: products of their own",
      },
      {
        rule: "name_cut",
        action: "repaired",
        rows: cut,
        description: `Descriptions cut to ${LONGEST_NAME} characters`,
      },
    ].map((rule) => ({ sourceTable: "products", amount: null, ...rule } as ImportRule));
  }
}

function increment<T>(counts: Map<T, number>, value: T): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function mostFrequent<T>(counts: Map<T, number>): T | undefined {
  let best: [T, number] | undefined;
  for (const entry of counts) if (best === undefined || entry[1] > best[1]) best = entry;
  return best?.[0];
}
