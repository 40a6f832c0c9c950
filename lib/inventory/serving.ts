import {
  defineEndpoint,
  EntityId,
  notReady,
  RequestError,
  type Served,
  type ServingDefinition,
  Versions,
  versionsOfScores,
} from "shopflow/ml/mod.ts";
import { z } from "zod";

const PlanRow = z.object({
  warehouse_id: z.string(),
  stock_level: z.number().meta({ description: "Units in stock" }),
  daily_demand: z.number().meta({ description: "Units a day, mean" }),
  demand_sd: z.number().meta({ description: "Units a day, standard deviation" }),
  lead_time_days: z.number(),
  service_level: z.number().meta({
    description: "Target share of order cycles without a stockout, 0 to 1",
  }),
  safety_stock: z.number(),
  reorder_point: z.number().meta({ description: "Order when the stock is below this" }),
  order_quantity: z.number().meta({ description: "Units to order now; 0 when none" }),
  days_of_cover: z.number().nullable().meta({ description: "Days the stock lasts; null without demand" }),
  stockout_risk: z.number().meta({
    description: "Probability that demand over the lead time exceeds the stock",
  }),
  is_stockout: z.boolean(),
  is_overstock: z.boolean(),
  action: z.string(),
});
type PlanRow = z.infer<typeof PlanRow>;

/** The inventory plan in memory, by product. */
export interface InventoryPlan {
  /** Rows by warehouse; empty for a product without inventory data. */
  of(productId: string): PlanRow[];
}

const Answer = Versions.extend({
  as_of: z.string().meta({ description: "Day of the last stock count", example: "2024-12-31" }),
  product_id: z.string(),
  product_name: z.string(),
  plan: z.array(PlanRow).meta({ description: "One row per warehouse" }),
  note: z.string().optional().meta({ description: "Why the plan is empty" }),
});

/**
 * `GET /inventory/{product_id}`: the plan of a product at every warehouse; 404 for a product that does not exist, 503
 * before the first plan.
 */
const stockPlan = defineEndpoint({
  method: "get",
  path: "/inventory/{product_id}",
  summary: "Stock plan of a product",
  description: "What to order for a product in each warehouse, with the risk of running out.",
  example: { question: "What to order?", path: "/inventory/PROD00001" },
  params: z.object({ product_id: EntityId.meta({ example: "PROD00001" }) }),
  answer: { description: "The plan by warehouse", schema: Answer },
  refusals: [404],
  respond(
    { scores, shop, failed }: Served<undefined, InventoryPlan>,
    { params: { product_id } },
  ): z.infer<typeof Answer> {
    if (scores === undefined || shop === undefined) {
      throw notReady("Inventory plans are", { failed: failed.scores || failed.shop });
    }
    const plan = scores.rows.of(product_id);
    const product = shop.products.get(product_id);
    if (product === undefined && plan.length === 0) {
      throw new RequestError(404, "product_not_found", "There is no such product", {
        found: product_id,
        remedy: "Use a product_id of dim_products in the current snapshot, such as " +
          `${shop.products.keys().next().value ?? "PROD00001"}.`,
      });
    }
    return {
      product_id,
      product_name: product?.name ?? product_id,
      plan: plan.map(rounded),
      ...(plan.length === 0 &&
        { note: "The shop has no inventory data for this product, so there is no plan." }),
      ...versionsOfScores(scores.table),
    };
  },
});

/** Four decimals are more than any of the estimates can bear. */
function rounded(row: PlanRow): PlanRow {
  const values = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "number" ? Number(value.toFixed(4)) : value,
  ]);
  return Object.fromEntries(values) as PlanRow;
}

/** How the server answers from the stock plan: a row a product and warehouse, some 20,000 in all. */
export const INVENTORY_SERVING: ServingDefinition<undefined, InventoryPlan> = {
  endpoints: [stockPlan],
  async loadScores(session, source) {
    const columns = Object.keys(PlanRow.shape).join(", ");
    const rows = await session.rows<PlanRow & { product_id: string }>(
      `SELECT product_id, ${columns} FROM ${source} ORDER BY product_id, warehouse_id`,
    );
    const byProduct = new Map<string, PlanRow[]>();
    for (const { product_id, ...row } of rows) {
      const plan = byProduct.get(product_id);
      if (plan === undefined) byProduct.set(product_id, [row]);
      else plan.push(row);
    }
    return { of: (productId) => byProduct.get(productId) ?? [] };
  },
};
