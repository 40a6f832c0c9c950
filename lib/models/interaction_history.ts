import type { InteractionTable } from "./interaction_matrix.ts";
import type { SalesTable } from "./popularity.ts";
import type { Interaction } from "./recommendation.ts";

/** Result columns of `interactionsSql` of lib/features. */
export interface InteractionColumns {
  customer_id: string[];
  product_id: string[];
  weight: number[];
  purchased: boolean[];
}

/** Result columns of `salesByAgeSql` of lib/features. */
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
      productId: columns.product_id[i]!,
      weight: columns.weight[i]!,
      purchased: columns.purchased[i]!,
    });
  });
  return histories;
}
