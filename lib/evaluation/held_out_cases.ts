import type { Interaction } from "shopflow/models/mod.ts";
import type { RankingCase } from "./ranking_evaluation.ts";

/** Rows of {@linkcode HELD_OUT}.heldOutProducts, by column. */
export interface HeldOutColumns {
  customer_id: string[];
  product_id: string[];
}

/** A case with the customer it is of. */
export interface HeldOutCase extends RankingCase<readonly Interaction[]> {
  customerId: string;
}

/**
 * One case a customer with held-out orders, in the order of the rows.
 *
 * @param histories of the training part; a customer without one is asked with an empty history
 * @param kept which held-out products count, by default all; customers without any are left out
 */
export function heldOutCases(
  histories: ReadonlyMap<string, Interaction[]>,
  { customer_id, product_id }: HeldOutColumns,
  kept: (productId: string, history: readonly Interaction[]) => boolean = () => true,
): HeldOutCase[] {
  const cases = new Map<string, HeldOutCase & { relevant: Set<string> }>();
  customer_id.forEach((customer, i) => {
    const history = histories.get(customer) ?? [];
    if (!kept(product_id[i]!, history)) return;
    let known = cases.get(customer);
    if (known === undefined) {
      cases.set(customer, known = { customerId: customer, history, relevant: new Set() });
    }
    known.relevant.add(product_id[i]!);
  });
  return [...cases.values()];
}

/** For {@linkcode heldOutCases}: only products that the customer had not bought before. */
export function isNewToCustomer(productId: string, history: readonly Interaction[]): boolean {
  return !history.some((interaction) => interaction.purchased && interaction.productId === productId);
}
