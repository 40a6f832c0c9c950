import {
  DEFAULT_INVENTORY_PARAMETERS,
  DEMAND_WINDOW_DAYS,
  type InventoryParameters,
  type PlannedPosition,
  planShopInventory,
} from "shopflow/inventory/mod.ts";
import { type Cell, publishScoreRows } from "./score_file.ts";
import { currentScores, upToDateScores } from "shopflow/ml/registry/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Pipeline } from "../../context.ts";

/** What a column of the plan says of the position at place `urgency` (1 is the most urgent). */
interface PlanColumn {
  name: string;
  type: string;
  value(position: PlannedPosition, plan: PlanContext, urgency: number): Cell;
}

interface PlanContext {
  asOf: string;
  parameters: InventoryParameters;
}

/** The score table `inventory_plan`. */
const PLAN_COLUMNS: PlanColumn[] = [
  { name: "product_id", type: "VARCHAR", value: (position) => position.productId },
  { name: "warehouse_id", type: "VARCHAR", value: (position) => position.warehouseId },
  { name: "as_of", type: "DATE", value: (_, { asOf }) => asOf },
  { name: "urgency", type: "INTEGER", value: (_position, _plan, urgency) => urgency },
  { name: "action", type: "VARCHAR", value: (position) => position.action },
  { name: "stock_level", type: "INTEGER", value: (position) => position.stockLevel },
  { name: "daily_demand", type: "DOUBLE", value: (position) => position.demand.mean },
  { name: "demand_sd", type: "DOUBLE", value: (position) => position.demand.sd },
  { name: "lead_time_days", type: "DOUBLE", value: (_, { parameters }) => parameters.leadTimeDays },
  { name: "service_level", type: "DOUBLE", value: (_, { parameters }) => parameters.serviceLevel },
  { name: "safety_stock", type: "DOUBLE", value: (position) => position.safetyStock },
  { name: "reorder_point", type: "DOUBLE", value: (position) => position.reorderPoint },
  { name: "order_quantity", type: "INTEGER", value: (position) => position.orderQuantity },
  { name: "days_of_cover", type: "DOUBLE", value: (position) => position.daysOfCover },
  { name: "stockout_risk", type: "DOUBLE", value: (position) => position.stockoutRisk },
  { name: "is_stockout", type: "BOOLEAN", value: (position) => position.isStockout },
  { name: "is_overstock", type: "BOOLEAN", value: (position) => position.isOverstock },
  { name: "expected_lost_units", type: "DOUBLE", value: (position) => position.expectedLostUnits },
  { name: "expected_lost_sales", type: "DOUBLE", value: (position) => position.expectedLostSales },
  { name: "unit_cost", type: "DOUBLE", value: (position) => position.unitCost },
  { name: "unit_price", type: "DOUBLE", value: (position) => position.unitPrice },
  { name: "stock_value", type: "DOUBLE", value: (position) => position.stockValue },
  { name: "overstock_value", type: "DOUBLE", value: (position) => position.overstockValue },
];

const CODE = ["lib/ml", "lib/inventory", "pipelines/steps/score"];
const ROOT = join(import.meta.dirname!, "..", "..", "..");
/** As-of date of the plan of a shop that counts no stock; that plan has no rows. */
const NEVER = "1970-01-01";

/**
 * Plans the inventory of every product and warehouse from the current snapshot and publishes it as the score
 * table `inventory_plan`, which is empty where stock is not counted.
 */
export const scoreInventory: Pipeline = async (context) => {
  const { store, runtime, force } = context;
  // Read before the snapshot: a plan published after this moment may be of a newer one.
  const replaces = (await currentScores(store, "inventory_plan"))?.key ?? null;
  using snapshot = await openSnapshot(store);
  const parameters = DEFAULT_INVENTORY_PARAMETERS;
  const code = await codeVersion(CODE.map((path) => join(ROOT, path)));
  const version = createHash("sha256").update(JSON.stringify([parameters, DEMAND_WINDOW_DAYS, code]))
    .digest("hex").slice(0, 12);
  const made = { snapshot: snapshot.manifest.id, modelVersion: version };
  const before = await upToDateScores(store, "inventory_plan", made);
  if (before !== undefined && !force) {
    return { status: "unchanged", summary: `the plan of ${before.rows} positions is up to date` };
  }

  const bar = runtime.progress.start("plan inventory", 0);
  const { asOf, plan } = await planShopInventory(snapshot, parameters) ?? { asOf: NEVER, plan: [] };
  await publishScoreRows(
    context,
    {
      name: "inventory_plan",
      scoredAt: runtime.now().toISOString(),
      ...made,
      asOf,
    },
    PLAN_COLUMNS.map(({ name, type }) => [name, type] as const),
    plan.map((position, i) => PLAN_COLUMNS.map(({ value }) => value(position, { asOf, parameters }, i + 1))),
    { replaces },
  );
  const summary = summaryOf(plan);
  bar.finish(summary);
  return { status: "done", summary };
};

function summaryOf(plan: PlannedPosition[]): string {
  if (plan.length === 0) return "no stock counts in the source: the plan is empty";
  const toOrder = plan.filter(({ action }) => action === "order now").length;
  const stockouts = plan.filter(({ isStockout }) => isStockout).length;
  const overstock = plan.filter(({ isOverstock }) => isOverstock).length;
  return `${plan.length} positions: ${toOrder} to order, ${stockouts} out of stock, ${overstock} overstocked`;
}
