import { ModelError } from "shopflow/errors/mod.ts";
import { type DemandDistribution, demandDistribution } from "./distributions.ts";

/** Demand of one product at one warehouse. */
export interface DailyDemand {
  /** Units a day, at least 0. */
  mean: number;
  /** Standard deviation of a day's units. */
  sd: number;
}

/** How long a stock decision must last. */
interface ProtectionInterval {
  /** Days from order to arrival. */
  leadTimeDays: number;
  /** Standard deviation of the lead time, days. */
  leadTimeSdDays?: number;
  /** Days between two looks at the stock; 0 when it is watched all the time. */
  reviewDays?: number;
}

/**
 * Demand over lead time and review period: with T = L + R days, mean T d and variance T sd² + d² sd_L²
 * (Silver, Pyke and Thomas 2017, sections 6.7 and 6.10; days are independent).
 */
export function demandOver(demand: DailyDemand, interval: ProtectionInterval): DemandDistribution {
  const { leadTimeDays, leadTimeSdDays = 0, reviewDays = 0 } = interval;
  const days = leadTimeDays + reviewDays;
  return demandDistribution(
    demand.mean * days,
    days * demand.sd ** 2 + (demand.mean * leadTimeSdDays) ** 2,
  );
}

/**
 * Stock below which to order: the smallest that meets demand until the next chance to receive goods with
 * probability `serviceLevel` (cycle service level, P₁): for normal demand T d + z √(T sd² + d² sd_L²).
 */
export function reorderPoint(
  demand: DailyDemand,
  interval: ProtectionInterval,
  serviceLevel: number,
): number {
  checkServiceLevel(serviceLevel);
  return demandOver(demand, interval).stockFor(serviceLevel);
}

/** The part of the reorder point above expected demand: z √(T sd² + d² sd_L²) for normal demand. */
export function safetyStock(demand: DailyDemand, interval: ProtectionInterval, serviceLevel: number): number {
  checkServiceLevel(serviceLevel);
  const over = demandOver(demand, interval);
  return over.stockFor(serviceLevel) - over.mean;
}

/**
 * Economic order quantity √(2 K D / h) (Harris 1913; Silver, Pyke and Thomas 2017, section 4.2).
 *
 * @param annualDemand D, units a year
 * @param orderingCost K, money an order
 * @param unitHoldingCost h, money a unit and year, above 0
 */
export function economicOrderQuantity(
  annualDemand: number,
  orderingCost: number,
  unitHoldingCost: number,
): number {
  if (!(annualDemand >= 0 && orderingCost >= 0 && unitHoldingCost > 0)) {
    throw new ModelError("There is no economic order quantity", {
      expected: "demand and ordering cost of at least 0, holding cost above 0",
      found: `${annualDemand}, ${orderingCost} and ${unitHoldingCost}`,
    });
  }
  return Math.sqrt(2 * orderingCost * annualDemand / unitHoldingCost);
}

/** Days that the stock lasts at the mean demand; null when nothing is demanded. */
export function daysOfCover(stock: number, dailyDemand: number): number | null {
  return dailyDemand > 0 ? Math.max(0, stock) / dailyDemand : null;
}

/**
 * Lets a probability between 0 and 1 pass, both excluded.
 *
 * @throws {ModelError} for anything else.
 */
export function checkServiceLevel(serviceLevel: number): void {
  if (serviceLevel > 0 && serviceLevel < 1) return;
  throw new ModelError("The service level is out of range", {
    expected: "a probability between 0 and 1, both excluded",
    found: String(serviceLevel),
  });
}
