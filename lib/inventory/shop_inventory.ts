import {
  allocateDemand,
  demandKey,
  type RegionalDemand,
  regionalDemandSql,
  stockPositionsSql,
  warehouseDemand,
  warehouseOutflowSql,
} from "./demand.ts";
import { checkAsOf, daysBetween } from "shopflow/ml/mod.ts";
import {
  DEFAULT_INVENTORY_PARAMETERS,
  type InventoryParameters,
  type InventoryPosition,
  planInventory,
  type PlannedPosition,
} from "./plan.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** Days of sales that demand is estimated from. */
export const DEMAND_WINDOW_DAYS = 180;

/** A standard deviation needs two days. */
const LEAST_WINDOW_DAYS = 2;

/** A plan of the whole shop as of the last day with stock counts. */
interface ShopInventory {
  asOf: string;
  /** Most urgent first. */
  plan: PlannedPosition[];
}

/**
 * Plans every product and warehouse whose stock is counted; undefined where none was.
 *
 * @param session A session with the curated tables.
 * @param on A day with stock counts, to look back; by default the last one.
 * @throws {ModelError} when a parameter is out of range.
 */
export async function planShopInventory(
  session: Pick<Session, "rows">,
  parameters: InventoryParameters = DEFAULT_INVENTORY_PARAMETERS,
  windowDays: number = DEMAND_WINDOW_DAYS,
  on?: string,
): Promise<ShopInventory | undefined> {
  const day = on ?? await lastStockCount(session);
  if (day === undefined) return undefined;
  const days = await daysWithSales(session, day, windowDays);
  const positions = await positionsOn(session, day, days);
  return positions.length === 0 ? undefined : { asOf: day, plan: planInventory(positions, parameters) };
}

/** The last day with stock counts; undefined in a shop that counts none. */
export async function lastStockCount(session: Pick<Session, "rows">): Promise<string | undefined> {
  const [row] = await session.rows<{ day: string | null }>(
    "SELECT max(snapshot_date) AS day FROM fact_inventory_snapshots",
  );
  return row?.day ?? undefined;
}

/** The window, cut at the first sale: a young shop's demand must not be spread over days before it opened. */
async function daysWithSales(
  session: Pick<Session, "rows">,
  lastDay: string,
  windowDays: number,
): Promise<number> {
  const [sales] = await session.rows<{ first: string | null }>(
    `SELECT min(order_date) AS first FROM fact_orders
     WHERE line_type = 'sale' AND order_date <= DATE '${checkAsOf(lastDay)}'`,
  );
  if (!sales?.first) return windowDays;
  return Math.min(windowDays, Math.max(LEAST_WINDOW_DAYS, daysBetween(sales.first, lastDay) + 1));
}

async function positionsOn(
  session: Pick<Session, "rows">,
  asOf: string,
  windowDays: number,
): Promise<InventoryPosition[]> {
  const outflow = await session.rows<{ warehouse_id: string; region: string; units: number }>(
    warehouseOutflowSql(),
  );
  const shares = allocateDemand(
    outflow.map(({ warehouse_id, region, units }) => ({ warehouseId: warehouse_id, region, units })),
  );
  const demand = warehouseDemand(
    await session.rows<RegionalDemand>(regionalDemandSql(asOf, windowDays)),
    shares,
  );
  const positions = await session.rows<{
    product_id: string;
    warehouse_id: string;
    stock_level: number;
    unit_cost: number;
    unit_price: number;
  }>(stockPositionsSql(asOf));
  return positions.map((position) => ({
    productId: position.product_id,
    warehouseId: position.warehouse_id,
    stockLevel: position.stock_level,
    demand: demand.get(demandKey(position.product_id, position.warehouse_id)) ?? { mean: 0, sd: 0 },
    unitCost: position.unit_cost,
    unitPrice: position.unit_price,
  }));
}
