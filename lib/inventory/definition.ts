import { formatCount } from "shopflow/runtime/mod.ts";
import type { Cell, ModelDefinition } from "shopflow/ml/mod.ts";
import { DEFAULT_INVENTORY_PARAMETERS, type InventoryParameters, type PlannedPosition } from "./plan.ts";
import { INVENTORY_SERVING, type InventoryPlan } from "./serving.ts";
import { DEMAND_WINDOW_DAYS, lastStockCount, planShopInventory } from "./shop_inventory.ts";

/** What a column of the plan says of the position at place `urgency` (1 is the most urgent). */
interface PlanColumn {
  name: string;
  type: string;
  meaning: string;
  value(position: PlannedPosition, plan: PlanContext, urgency: number): Cell;
}

interface PlanContext {
  asOf: string;
  parameters: InventoryParameters;
}

/** The score table `inventory_plan`. */
const PLAN_COLUMNS: PlanColumn[] = [
  { name: "product_id", type: "VARCHAR", meaning: "the product", value: (position) => position.productId },
  {
    name: "warehouse_id",
    type: "VARCHAR",
    meaning: "the warehouse",
    value: (position) => position.warehouseId,
  },
  { name: "as_of", type: "DATE", meaning: "last day with stock counts", value: (_, { asOf }) => asOf },
  {
    name: "urgency",
    type: "INTEGER",
    meaning: "place in the plan, 1 is the most urgent",
    value: (_position, _plan, urgency) => urgency,
  },
  {
    name: "action",
    type: "VARCHAR",
    meaning: "`order now`, `overstock` or `ok`",
    value: (position) => position.action,
  },
  {
    name: "stock_level",
    type: "INTEGER",
    meaning: "units on hand at the last count",
    value: (position) => position.stockLevel,
  },
  {
    name: "daily_demand",
    type: "DOUBLE",
    meaning: "mean demand per day, units",
    value: (position) => position.demand.mean,
  },
  {
    name: "demand_sd",
    type: "DOUBLE",
    meaning: "standard deviation of a day's demand, units",
    value: (position) => position.demand.sd,
  },
  {
    name: "lead_time_days",
    type: "DOUBLE",
    meaning: "parameter of the plan",
    value: (_, { parameters }) => parameters.leadTimeDays,
  },
  {
    name: "service_level",
    type: "DOUBLE",
    meaning: "parameter of the plan",
    value: (_, { parameters }) => parameters.serviceLevel,
  },
  {
    name: "safety_stock",
    type: "DOUBLE",
    meaning: "reorder point minus expected demand, units",
    value: (position) => position.safetyStock,
  },
  {
    name: "reorder_point",
    type: "DOUBLE",
    meaning: "order when the stock is below it, units",
    value: (position) => position.reorderPoint,
  },
  {
    name: "order_quantity",
    type: "INTEGER",
    meaning: "units to order now; 0 unless `action` is `order now`",
    value: (position) => position.orderQuantity,
  },
  {
    name: "days_of_cover",
    type: "DOUBLE",
    meaning: "days that the stock lasts; null without demand",
    value: (position) => position.daysOfCover,
  },
  {
    name: "stockout_risk",
    type: "DOUBLE",
    meaning: "probability that demand over the lead time exceeds the stock",
    value: (position) => position.stockoutRisk,
  },
  {
    name: "is_stockout",
    type: "BOOLEAN",
    meaning: "nothing is in stock",
    value: (position) => position.isStockout,
  },
  {
    name: "is_overstock",
    type: "BOOLEAN",
    meaning: "more than 90 days of demand and more than the reorder point",
    value: (position) => position.isOverstock,
  },
  {
    name: "expected_lost_units",
    type: "DOUBLE",
    meaning: "expected shortage over the lead time if ordered now, units",
    value: (position) => position.expectedLostUnits,
  },
  {
    name: "expected_lost_sales",
    type: "DOUBLE",
    meaning: "the same, valued at the price",
    value: (position) => position.expectedLostSales,
  },
  {
    name: "unit_cost",
    type: "DOUBLE",
    meaning: "unit cost; 55 % of the price if unknown",
    value: (position) => position.unitCost,
  },
  {
    name: "unit_price",
    type: "DOUBLE",
    meaning: "price of one unit",
    value: (position) => position.unitPrice,
  },
  {
    name: "stock_value",
    type: "DOUBLE",
    meaning: "cost of the stock",
    value: (position) => position.stockValue,
  },
  {
    name: "overstock_value",
    type: "DOUBLE",
    meaning: "cost of the part above 90 days",
    value: (position) => position.overstockValue,
  },
];

/** As-of date of the plan of a shop that counts no stock; that plan has no rows. */
const NEVER = "1970-01-01";

/**
 * The inventory plan: what to order, of every product for every warehouse. It is computed from a formula, so nothing is
 * trained; where stock is not counted, it is empty.
 */
export const inventoryModel: ModelDefinition<undefined, InventoryPlan> = {
  name: "inventory",
  module: new URL(import.meta.url),
  parameters: { ...DEFAULT_INVENTORY_PARAMETERS, demandWindowDays: DEMAND_WINDOW_DAYS },
  asOf: async (session) => await lastStockCount(session) ?? NEVER,
  scoreTable: {
    name: "inventory_plan",
    subject: "product",
    meaning: "One row per product and warehouse with a stock count; no rows in a shop without stock counts.",
    columns: PLAN_COLUMNS.map(({ name, type, meaning }) => [name, type, meaning] as const),
    async score({ session, asOf }) {
      const parameters = DEFAULT_INVENTORY_PARAMETERS;
      const { plan = [] } = await planShopInventory(session, parameters) ?? {};
      return {
        rows: plan.map((position, i) =>
          PLAN_COLUMNS.map(({ value }) => value(position, { asOf, parameters }, i + 1))
        ),
        summary: () => summaryOf(plan),
      };
    },
    describe: ({ rows }) => `the plan of ${formatCount(rows)} positions`,
  },
  serving: INVENTORY_SERVING,
};

function summaryOf(plan: PlannedPosition[]): string {
  if (plan.length === 0) return "no stock counts in the source: the plan is empty";
  const toOrder = plan.filter(({ action }) => action === "order now").length;
  const stockouts = plan.filter(({ isStockout }) => isStockout).length;
  const overstock = plan.filter(({ isOverstock }) => isOverstock).length;
  return `${plan.length} positions: ${toOrder} to order, ${stockouts} out of stock, ${overstock} overstocked`;
}
