import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "./as_of_date.ts";
import { ELSEWHERE, SERVICE_REGIONS } from "./demand_allocation.ts";

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
