import type { InventoryParameters, PlannedPosition } from "shopflow/models/mod.ts";
import type { Cell } from "./score_file.ts";

/** What a column of the plan says of the position at place `urgency` (1 is the most urgent). */
interface PlanColumn {
  name: string;
  type: string;
  value(position: PlannedPosition, plan: PlanContext, urgency: number): Cell;
}

export interface PlanContext {
  asOf: string;
  parameters: InventoryParameters;
}

/** The score table `inventory_plan`. */
export const PLAN_COLUMNS: PlanColumn[] = [
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
