import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { explainInvalid, HttpProblem, notReady, problemResponses } from "../problems.ts";
import type { PlanRow as StoredPlanRow } from "../state/artifacts.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { EntityId, Versions, versionsOfScores } from "./answers.ts";

const PlanRow = z.object({
  warehouse_id: z.string(),
  stock_level: z.number().openapi({ description: "Units in stock" }),
  daily_demand: z.number().openapi({ description: "Units a day, mean" }),
  demand_sd: z.number().openapi({ description: "Units a day, standard deviation" }),
  lead_time_days: z.number(),
  service_level: z.number().openapi({
    description: "Share of order cycles without stockout aimed at, 0 to 1",
  }),
  safety_stock: z.number(),
  reorder_point: z.number().openapi({ description: "Order when the stock is below this" }),
  order_quantity: z.number().openapi({ description: "Units to order now; 0 when none" }),
  days_of_cover: z.number().nullable().openapi({ description: "Days the stock lasts; null without demand" }),
  stockout_risk: z.number().openapi({
    description: "Probability that demand over the lead time exceeds the stock",
  }),
  is_stockout: z.boolean(),
  is_overstock: z.boolean(),
  action: z.string(),
});
const Answer = Versions.extend({
  as_of: z.string().openapi({ description: "Day of the last stock count", example: "2024-12-31" }),
  product_id: z.string(),
  product_name: z.string(),
  plan: z.array(PlanRow).openapi({ description: "One row a warehouse" }),
  note: z.string().optional().openapi({ description: "Why the plan is empty" }),
});

const route = createRoute({
  method: "get",
  path: "/inventory/{product_id}",
  summary: "Stock plan of a product",
  description: "What to order for a product in each warehouse, with the risk of running out.",
  request: { params: z.object({ product_id: EntityId.openapi({ example: "PROD00001" }) }) },
  responses: {
    200: { description: "The plan by warehouse", content: { "application/json": { schema: Answer } } },
    ...problemResponses(400, 401, 404, 503),
  },
});

/** Four decimals are more than any of the estimates can bear. */
function planRow({ product_id: _, as_of: __, ...row }: StoredPlanRow): z.infer<typeof PlanRow> {
  const rounded = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "number" ? Number(value.toFixed(4)) : value,
  ]);
  return Object.fromEntries(rounded) as typeof row;
}

/**
 * `GET /inventory/{product_id}`: the plan of a product at every warehouse; 404 for a product that does not exist, 503 before
 * the first plan.
 */
export function inventoryRoutes(cache: ServingCache): OpenAPIHono {
  return new OpenAPIHono({ defaultHook: explainInvalid }).openapi(route, async (c) => {
    const { product_id } = c.req.valid("param");
    const { inventoryPlan, catalogue, failed } = await cache.current();
    if (inventoryPlan === undefined || catalogue === undefined) {
      throw notReady("Inventory plans are", {
        failed: failed.includes("inventoryPlan") || failed.includes("catalogue"),
      });
    }
    const rows = inventoryPlan.of(product_id);
    const product = catalogue.products.get(product_id);
    if (product === undefined && rows.length === 0) {
      throw new HttpProblem(404, "product_not_found", "There is no such product", {
        found: product_id,
        remedy: "Use a product_id of dim_products in the current snapshot, such as " +
          `${catalogue.products.keys().next().value ?? "PROD00001"}.`,
      });
    }
    return c.json({
      product_id,
      product_name: product?.name ?? product_id,
      plan: rows.map(planRow),
      ...(rows.length === 0 &&
        { note: "The shop has no inventory data of this product, so nothing is planned." }),
      ...versionsOfScores(inventoryPlan.table),
    }, 200);
  });
}
