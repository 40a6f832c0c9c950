import { addDays, CHURN_HORIZON_DAYS } from "shopflow/features/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";

/**
 * The latest date whose following 90 days are all in the data: what a notebook looks back from, since the date in the
 * notebook suits only the shop that its author looked at. Undefined in a shop without sales.
 */
export async function latestAsOf(store: ObjectStore): Promise<string | undefined> {
  using session = await openSnapshot(store);
  const [sales] = await session.rows<{ last: string | null }>(
    "SELECT max(order_date) AS last FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'",
  );
  return sales?.last ? addDays(sales.last, 1 - CHURN_HORIZON_DAYS) : undefined;
}
