import { type InventoryParameters, type InventoryPosition, lotSize } from "./inventory_plan.ts";
import { demandOver } from "./inventory_policy.ts";

/** What a service level costs and saves over all positions, once the policy is in force. */
export interface ServiceLevelOutcome {
  serviceLevel: number;
  /** Cost of the safety stock on the shelves. */
  safetyStockValue: number;
  /** Cost of holding the safety stock for a year. */
  yearlyHoldingCost: number;
  /** Sales lost in a year because a shelf ran empty before goods arrived, at selling prices. */
  yearlyLostSales: number;
  /** Margin lost with them. */
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
      yearlyLostMargin += lost * (unitPrice - unitCost);
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
