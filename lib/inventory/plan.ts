import { ModelError } from "shopflow/errors/mod.ts";
import {
  checkServiceLevel,
  type DailyDemand,
  daysOfCover,
  demandOver,
  economicOrderQuantity,
  reorderPoint,
  safetyStock,
} from "./policy.ts";

/** The policy and the costs behind it. */
export interface InventoryParameters {
  leadTimeDays: number;
  leadTimeSdDays: number;
  /** Days between two runs of the plan. */
  reviewDays: number;
  /** Probability of meeting all demand from order to arrival. */
  serviceLevel: number;
  /** Money an order costs, whatever its size. */
  orderingCost: number;
  /** Cost of holding stock, as a share of its value a year. */
  holdingCostRate: number;
  /** Stock for more days than this is overstock. */
  overstockDays: number;
  /** An order is never for more days of demand than this. */
  maxOrderDays: number;
}

/** What is assumed of a shop that does not say; documentation/decisions/inventory.md has the reasons. */
export const DEFAULT_INVENTORY_PARAMETERS: InventoryParameters = {
  leadTimeDays: 14,
  leadTimeSdDays: 4,
  reviewDays: 1,
  serviceLevel: 0.95,
  orderingCost: 25,
  holdingCostRate: 0.25,
  overstockDays: 90,
  maxOrderDays: 60,
};

/** Stock and demand of one product at one warehouse. */
export interface InventoryPosition {
  productId: string;
  warehouseId: string;
  /** Units on hand; goods on order are not known. */
  stockLevel: number;
  demand: DailyDemand;
  /** Money a unit costs and sells for. */
  unitCost: number;
  unitPrice: number;
}

type InventoryAction = "order now" | "overstock" | "ok";

export interface PlannedPosition extends InventoryPosition {
  safetyStock: number;
  reorderPoint: number;
  /** Units to order now; 0 unless the action is to order. */
  orderQuantity: number;
  /** Null when nothing is demanded. */
  daysOfCover: number | null;
  /** P(demand over the lead time > stock). */
  stockoutRisk: number;
  isStockout: boolean;
  isOverstock: boolean;
  action: InventoryAction;
  /** Expected units short over the lead time if the order is placed now, and their sales value. */
  expectedLostUnits: number;
  expectedLostSales: number;
  /** Cost of the stock on hand, and of the part above `overstockDays` of demand (or the reorder point). */
  stockValue: number;
  overstockValue: number;
}

/**
 * Plans every position by an (R, s, S) policy: when stock is below the reorder point s, which is what must be
 * there to last until an order of the next review arrives, order up to S = s + economic order quantity (Silver,
 * Pyke and Thomas 2017, section 6.11; that reference's power approximation would set s and S together, the sum
 * is its usual simplification).
 *
 * The most urgent come first: orders by expected lost sales and stockout risk, then overstock by the money it
 * ties up, then the rest.
 *
 * @throws {ModelError} when a parameter, a demand or a cost is out of range.
 */
export function planInventory(
  positions: readonly InventoryPosition[],
  parameters: InventoryParameters = DEFAULT_INVENTORY_PARAMETERS,
): PlannedPosition[] {
  checkParameters(parameters);
  return positions.map((position) => planPosition(position, parameters)).sort(byUrgency);
}

function planPosition(position: InventoryPosition, parameters: InventoryParameters): PlannedPosition {
  const { stockLevel, demand, unitCost, unitPrice } = position;
  const { leadTimeDays, leadTimeSdDays, serviceLevel, overstockDays } = parameters;
  const overLeadTime = demandOver(demand, { leadTimeDays, leadTimeSdDays });
  const orderBelow = reorderPoint(demand, parameters, serviceLevel);
  // What the policy itself asks for is not too much, even where one unit lasts a year.
  const enough = Math.max(overstockDays * demand.mean, orderBelow);
  const isOverstock = stockLevel > 0 && stockLevel > enough;
  const mustOrder = demand.mean > 0 && stockLevel < orderBelow;
  const expectedLostUnits = overLeadTime.expectedShortage(Math.max(0, stockLevel));
  return {
    ...position,
    safetyStock: safetyStock(demand, parameters, serviceLevel),
    reorderPoint: orderBelow,
    orderQuantity: mustOrder
      ? Math.max(1, Math.ceil(orderBelow + lotSize(position, parameters) - stockLevel))
      : 0,
    daysOfCover: daysOfCover(stockLevel, demand.mean),
    stockoutRisk: overLeadTime.riskOfMoreThan(Math.max(0, stockLevel)),
    isStockout: stockLevel <= 0,
    isOverstock,
    action: mustOrder ? "order now" : isOverstock ? "overstock" : "ok",
    expectedLostUnits,
    expectedLostSales: expectedLostUnits * unitPrice,
    stockValue: Math.max(0, stockLevel) * unitCost,
    overstockValue: isOverstock ? (stockLevel - enough) * unitCost : 0,
  };
}

/** Units of an order beyond the reorder point: the economic order quantity, within `maxOrderDays` of demand. */
function lotSize({ demand, unitCost }: InventoryPosition, parameters: InventoryParameters): number {
  const { orderingCost, holdingCostRate, maxOrderDays } = parameters;
  const mostUnits = maxOrderDays * demand.mean;
  // Goods that cost nothing to hold would be ordered without end.
  if (unitCost <= 0) return mostUnits;
  return Math.min(
    mostUnits,
    economicOrderQuantity(365 * demand.mean, orderingCost, holdingCostRate * unitCost),
  );
}

const ACTIONS: InventoryAction[] = ["order now", "overstock", "ok"];

function byUrgency(a: PlannedPosition, b: PlannedPosition): number {
  return ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action) ||
    b.overstockValue - a.overstockValue ||
    b.expectedLostSales - a.expectedLostSales || b.stockoutRisk - a.stockoutRisk ||
    compare(a.productId, b.productId) || compare(a.warehouseId, b.warehouseId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkParameters(parameters: InventoryParameters): void {
  checkServiceLevel(parameters.serviceLevel);
  for (const [name, value] of Object.entries(parameters)) {
    const positive = name === "leadTimeDays" || name === "holdingCostRate" || name === "maxOrderDays";
    if (positive ? value > 0 && value < Infinity : value >= 0 && value < Infinity) continue;
    throw new ModelError(`The inventory parameter ${name} is out of range`, {
      expected: positive ? "a number above 0" : "a number of at least 0",
      found: String(value),
    });
  }
}

/** What a service level costs and saves over all positions, once the policy is in force. */
interface ServiceLevelOutcome {
  serviceLevel: number;
  /** Cost of the safety stock on the shelves. */
  safetyStockValue: number;
  /** Cost of holding the safety stock for a year. */
  yearlyHoldingCost: number;
  /** Sales lost in a year because a shelf ran empty before goods arrived, at selling prices. */
  yearlyLostSales: number;
  /** Margin lost with them, of goods whose price is known. */
  yearlyLostMargin: number;
  /** Share of the demanded units that were there. */
  fillRate: number;
}

/**
 * The policy's outcome at several service levels. Each order cycle loses E[(demand over lead time and review −
 * reorder point)⁺] units, and there are yearly demand / order quantity cycles (Silver, Pyke and Thomas 2017,
 * section 6.7.2, with complete lost sales).
 */
export function serviceLevelCurve(
  positions: readonly InventoryPosition[],
  parameters: InventoryParameters,
  serviceLevels: readonly number[],
): ServiceLevelOutcome[] {
  const demanded = positions.filter(({ demand }) => demand.mean > 0).map((position) => ({
    ...position,
    overInterval: demandOver(position.demand, parameters),
    yearly: 365 * position.demand.mean,
    // Orders of less than one piece do not exist.
    lot: Math.max(1, lotSize(position, parameters)),
  }));
  const yearlyUnits = demanded.reduce((sum, { yearly }) => sum + yearly, 0);
  return serviceLevels.map((serviceLevel) => {
    let safetyStockValue = 0, lostUnits = 0, yearlyLostSales = 0, yearlyLostMargin = 0;
    for (const { overInterval, yearly, lot, unitCost, unitPrice } of demanded) {
      const reorderPoint = overInterval.stockFor(serviceLevel);
      const lost = Math.min(yearly, overInterval.expectedShortage(reorderPoint) * yearly / lot);
      safetyStockValue += Math.max(0, reorderPoint - overInterval.mean) * unitCost;
      lostUnits += lost;
      yearlyLostSales += lost * unitPrice;
      // A price of 0 is one that is not known, and no loss on every piece.
      if (unitPrice > 0) yearlyLostMargin += lost * (unitPrice - unitCost);
    }
    return {
      serviceLevel,
      safetyStockValue,
      yearlyHoldingCost: safetyStockValue * parameters.holdingCostRate,
      yearlyLostSales,
      yearlyLostMargin,
      fillRate: yearlyUnits > 0 ? 1 - lostUnits / yearlyUnits : 1,
    };
  });
}
