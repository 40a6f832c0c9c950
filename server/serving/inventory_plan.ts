import type { ObjectStore } from "shopflow/lake/mod.ts";
import { scoresPath, type ScoreTable } from "shopflow/registry/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";

/** What to do about one product in one warehouse. */
export interface PlanRow {
  product_id: string;
  warehouse_id: string;
  as_of: string;
  /** Units. */
  stock_level: number;
  /** Units a day: mean and standard deviation. */
  daily_demand: number;
  demand_sd: number;
  lead_time_days: number;
  /** 0 to 1. */
  service_level: number;
  /** Units. */
  safety_stock: number;
  reorder_point: number;
  order_quantity: number;
  /** Null without demand. */
  days_of_cover: number | null;
  /** Probability that demand over the lead time exceeds the stock. */
  stockout_risk: number;
  is_stockout: boolean;
  is_overstock: boolean;
  action: string;
}

/** The inventory plan in memory, by product. */
export interface InventoryPlan {
  table: ScoreTable;
  /** Rows by warehouse; empty for a product without inventory data. */
  of(productId: string): PlanRow[];
}

const COLUMNS: (keyof PlanRow)[] = [
  "product_id",
  "warehouse_id",
  "as_of",
  "stock_level",
  "daily_demand",
  "demand_sd",
  "lead_time_days",
  "service_level",
  "safety_stock",
  "reorder_point",
  "order_quantity",
  "days_of_cover",
  "stockout_risk",
  "is_stockout",
  "is_overstock",
  "action",
];

/** Loads an inventory plan: a row a product and warehouse, some 20,000 in all. */
export async function loadInventoryPlan(store: ObjectStore, table: ScoreTable): Promise<InventoryPlan> {
  const path = await scoresPath(store, table);
  using session = await openSession({ threads: 1 });
  const rows = await session.rows<PlanRow>(
    `SELECT ${COLUMNS.join(", ")} FROM read_parquet(${sqlString(path)}) ORDER BY product_id, warehouse_id`,
  );
  const byProduct = Map.groupBy(rows, (row) => row.product_id);
  return { table, of: (productId) => byProduct.get(productId) ?? [] };
}
