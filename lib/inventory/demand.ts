import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";

/** The region of the warehouses (`dim_warehouses.region`) that serve a country. */
const SERVICE_REGIONS: Readonly<Record<string, string>> = {
  "USA": "North America",
  "Canada": "North America",
  "UK": "Europe",
  "United Kingdom": "Europe",
  "Germany": "Europe",
  "France": "Europe",
  "Australia": "Asia Pacific",
};

/** A warehouse and how many units were seen to leave it. */
interface WarehouseOutflow {
  warehouseId: string;
  region: string;
  /** Sum of the falls in stock from day to day, at least 0. */
  units: number;
}

/** The part of a region's demand that a warehouse serves. */
interface DemandShare {
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
interface WarehouseDemand {
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

/** Stock counts older than this many days say nothing of today's stock. */
const FRESH_DAYS = 7;
/** Where the cost of a product is not known: the usual share of the price in this business. */
const USUAL_COST_SHARE = 0.55;

/** SQL for the units that left each warehouse: `warehouse_id, region, units`. */
export function warehouseOutflowSql(): string {
  return `
WITH moves AS (
  SELECT warehouse_id,
         lag(stock_level) OVER (PARTITION BY product_id, warehouse_id ORDER BY snapshot_date) - stock_level AS fall
  FROM fact_inventory_snapshots
)
SELECT warehouse_id, any_value(region) AS region, coalesce(sum(fall) FILTER (fall > 0), 0) AS units
FROM moves JOIN dim_warehouses USING (warehouse_id)
GROUP BY warehouse_id
ORDER BY warehouse_id`;
}

/**
 * SQL for the stock on hand, the last count of each product and warehouse up to `lastDay`:
 * `product_id, warehouse_id, stock_level, unit_cost, unit_price`, the money 0 where it is not known.
 */
export function stockPositionsSql(lastDay: string): string {
  return `
WITH counts AS (
  SELECT product_id, warehouse_id, arg_max(stock_level, snapshot_date) AS stock_level
  FROM fact_inventory_snapshots
  WHERE snapshot_date BETWEEN DATE '${addDays(lastDay, -FRESH_DAYS)}' AND DATE '${checkAsOf(lastDay)}'
  GROUP BY product_id, warehouse_id
)
SELECT product_id, warehouse_id, stock_level,
       CAST(coalesce(cost, price * ${USUAL_COST_SHARE}, 0) AS DOUBLE) AS unit_cost,
       CAST(coalesce(price, 0) AS DOUBLE) AS unit_price
FROM counts LEFT JOIN (SELECT * FROM dim_products WHERE is_current) USING (product_id)
ORDER BY product_id, warehouse_id`;
}

/**
 * SQL for the rows of {@linkcode RegionalDemand}: sales of the `windowDays` days up to and with `lastDay`, days
 * without a sale counting as 0 units. Returns do not lower demand.
 *
 * Sales tell of demand only while there is something to sell: days that began and ended with an empty shelf are
 * left out. The day on which a shelf ran empty stays, with what it sold. Days before the first count are
 * taken as stocked, so that demand is understated for products that were often out then.
 */
export function regionalDemandSql(lastDay: string, windowDays: number): string {
  if (!(Number.isInteger(windowDays) && windowDays > 1)) {
    throw new InputError("The demand window is out of range", {
      expected: "a whole number of days above 1",
      found: String(windowDays),
    });
  }
  const window = `BETWEEN DATE '${addDays(lastDay, 1 - windowDays)}' AND DATE '${checkAsOf(lastDay)}'`;
  const regions = Object.entries(SERVICE_REGIONS).map(([country, region]) => `('${country}', '${region}')`);
  return `
WITH service(country, region) AS (VALUES ${regions.join(", ")}),
served AS (
  SELECT region, warehouse_id FROM dim_warehouses
  UNION ALL
  SELECT '${ELSEWHERE}', warehouse_id FROM dim_warehouses
),
daily AS (
  SELECT product_id, order_date AS day, sum(quantity) AS units,
         CASE WHEN service.region IN (SELECT region FROM dim_warehouses) THEN service.region
              ELSE '${ELSEWHERE}' END AS region
  FROM fact_orders
  JOIN (SELECT customer_id, country FROM dim_customers WHERE is_current) USING (customer_id)
  LEFT JOIN service USING (country)
  WHERE line_type = 'sale' AND order_date ${window}
  GROUP BY ALL
),
shelves AS (
  SELECT product_id, warehouse_id, snapshot_date AS day,
         is_stockout AND coalesce(lag(is_stockout) OVER (
           PARTITION BY product_id, warehouse_id ORDER BY snapshot_date), true) AS is_empty
  FROM fact_inventory_snapshots
  WHERE snapshot_date ${window}
),
positions AS (
  SELECT product_id, warehouse_id, ${windowDays} - count(*) FILTER (is_empty) AS days
  FROM shelves GROUP BY product_id, warehouse_id
)
SELECT positions.product_id, positions.warehouse_id, served.region, any_value(positions.days) AS days,
       sum(daily.units) AS units, sum(daily.units * daily.units) AS squared_units
FROM positions
JOIN served USING (warehouse_id)
JOIN daily ON daily.product_id = positions.product_id AND daily.region = served.region
LEFT JOIN shelves ON shelves.product_id = positions.product_id
                 AND shelves.warehouse_id = positions.warehouse_id AND shelves.day = daily.day
WHERE NOT coalesce(shelves.is_empty, false)
GROUP BY positions.product_id, positions.warehouse_id, served.region
ORDER BY ALL`;
}
