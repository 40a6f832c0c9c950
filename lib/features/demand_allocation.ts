/** The region of the warehouses (`dim_warehouses.region`) that serve a country. */
export const SERVICE_REGIONS: Readonly<Record<string, string>> = {
  "USA": "North America",
  "Canada": "North America",
  "UK": "Europe",
  "United Kingdom": "Europe",
  "Germany": "Europe",
  "France": "Europe",
  "Australia": "Asia Pacific",
};

/** A warehouse and how many units were seen to leave it. */
export interface WarehouseOutflow {
  warehouseId: string;
  region: string;
  /** Sum of the falls in stock from day to day, at least 0. */
  units: number;
}

/** The part of a region's demand that a warehouse serves. */
export interface DemandShare {
  /** Region of the customers; {@linkcode ELSEWHERE} for those whose country is unknown or served by no region. */
  region: string;
  warehouseId: string;
  /** 0 to 1; the shares of a region sum to 1. */
  share: number;
}

/** Region of customers whose country is unknown or served by no region. */
export const ELSEWHERE = "elsewhere";

/**
 * Shares demand out among the warehouses. Orders do not say which warehouse sent them, so we assume:
 * customers are served from their own region; within a region, and for customers of no region, each warehouse
 * serves in proportion to the units that left its shelves, or equally when nothing was seen to leave.
 */
export function allocateDemand(warehouses: readonly WarehouseOutflow[]): DemandShare[] {
  const regions = [...new Set(warehouses.map(({ region }) => region))];
  return [
    ...regions.flatMap((region) =>
      shareOut(region, warehouses.filter((warehouse) => warehouse.region === region))
    ),
    ...shareOut(ELSEWHERE, warehouses),
  ];
}

function shareOut(region: string, warehouses: readonly WarehouseOutflow[]): DemandShare[] {
  const total = warehouses.reduce((sum, { units }) => sum + units, 0);
  return warehouses.map(({ warehouseId, units }) => ({
    region,
    warehouseId,
    share: total > 0 ? units / total : 1 / warehouses.length,
  }));
}
