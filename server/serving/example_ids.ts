import type { Serving } from "./serving.ts";

/** Ids for commands that people copy. */
export interface ExampleIds {
  customers: [string, string];
  product: string;
}

/** The usual form of ids; also what the OpenAPI document shows. */
export const USUAL_IDS: ExampleIds = { customers: ["CUST000001", "CUST000002"], product: "PROD00001" };

/** Ids that exist in the shop and can be asked about; where nothing was scored yet, ids of the usual form. */
export function exampleIds({ churnScores, catalogue }: Serving): ExampleIds {
  // Not every customer has a score; before there are any, those of the shop still get recommendations.
  const scored = churnScores?.customerIds() ?? catalogue?.customers.values();
  const products = catalogue?.products.keys();
  const [first, second] = USUAL_IDS.customers;
  return {
    customers: [scored?.next().value ?? first, scored?.next().value ?? second],
    product: products?.next().value ?? USUAL_IDS.product,
  };
}
