import type { DemandShare } from "./demand_allocation.ts";

/** Sums over the days on which a product could be sold from a warehouse, for customers of one region. */
export interface RegionalDemand {
  product_id: string;
  warehouse_id: string;
  region: string;
  /** Days that count: those of the window without the days that began and ended with an empty shelf. */
  days: number;
  /** Units that the region bought on those days, from whichever warehouse. */
  units: number;
  /** Sum over the days of the day's units squared. */
  squared_units: number;
}

/** Demand of one product at one warehouse, per day. */
export interface WarehouseDemand {
  mean: number;
  sd: number;
}

/**
 * Mean and standard deviation of the daily demand at every warehouse, by `product_id` and `warehouse_id`: each
 * region's demand thinned to the warehouse's share, and the regions added up as independent.
 */
export function warehouseDemand(
  rows: readonly RegionalDemand[],
  shares: readonly DemandShare[],
): Map<string, WarehouseDemand> {
  const shareOf = new Map(
    shares.map(({ region, warehouseId, share }) => [`${region}\n${warehouseId}`, share]),
  );
  const demand = new Map<string, WarehouseDemand>();
  for (const row of rows) {
    const share = shareOf.get(`${row.region}\n${row.warehouse_id}`) ?? 0;
    const { mean, variance } = thinned(row, share);
    const key = demandKey(row.product_id, row.warehouse_id);
    const before = demand.get(key) ?? { mean: 0, sd: 0 };
    demand.set(key, { mean: before.mean + mean, sd: Math.sqrt(before.sd ** 2 + variance) });
  }
  return demand;
}

/** The key that {@linkcode warehouseDemand} has for a product at a warehouse. */
export function demandKey(productId: string, warehouseId: string): string {
  return `${productId}\n${warehouseId}`;
}

/**
 * When each unit comes to the warehouse with probability p, mean μ and variance σ² of the region become p μ and
 * p² σ² + p (1 − p) μ (binomial thinning): scaling alone would make small shares look too steady.
 */
function thinned({ days, units, squared_units }: RegionalDemand, p: number) {
  if (days <= 0) return { mean: 0, variance: 0 };
  const mean = units / days;
  const variance = days > 1 ? Math.max(0, (squared_units - units * mean) / (days - 1)) : mean;
  return { mean: p * mean, variance: p ** 2 * variance + p * (1 - p) * mean };
}
