import {
  allocateDemand,
  demandKey,
  ELSEWHERE,
  type RegionalDemand,
  regionalDemandSql,
  stockPositionsSql,
  warehouseDemand,
  warehouseOutflowSql,
} from "../../../lib/inventory/demand.ts";
import assert from "node:assert/strict";
import { type CuratedRows, openCuratedShop } from "../../fixtures/curated_shop.ts";

const sale = (order: string, customer: string, day: string, quantity: number) => [
  order,
  "kettle",
  customer,
  day,
  quantity > 0 ? "sale" : "return",
  quantity,
];
const count = (
  warehouse: string,
  day: string,
  level: number,
) => ["kettle", warehouse, day, level, level <= 0];

/** A kettle sold in Europe from one warehouse, and in North America from two. */
const SHOP: CuratedRows = {
  dim_customers: [["eva", "Germany"], ["uma", "USA"], ["zoe", null], ["UNKNOWN", null]],
  dim_products: [["kettle", "Kettle", "Home & Garden", 20, null, false]],
  dim_warehouses: [["EU", "EU", "Europe"], ["EAST", "East", "North America"], [
    "WEST",
    "West",
    "North America",
  ]],
  fact_orders: [
    sale("O0", "eva", "2024-05-21", 50),
    sale("O1", "eva", "2024-05-23", 3),
    sale("O2", "eva", "2024-05-23", 2),
    sale("O3", "eva", "2024-05-25", 5),
    sale("O4", "eva", "2024-05-26", -5),
    sale("O5", "uma", "2024-05-24", 4),
    sale("O6", "uma", "2024-05-30", 8),
    sale("O7", "zoe", "2024-05-24", 7),
    sale("O8", "eva", "2024-06-01", 99),
  ],
  fact_inventory_snapshots: [
    count("EU", "2024-05-25", 0),
    count("EU", "2024-05-26", 0),
    count("EU", "2024-05-27", 0),
    count("EU", "2024-05-28", 40),
    count("EU", "2024-05-31", 30),
    count("EAST", "2024-05-25", 20),
    count("EAST", "2024-05-31", 11),
    count("WEST", "2024-05-25", 20),
    count("WEST", "2024-05-31", 17),
  ],
};
const WINDOW = 10;

async function demandRows() {
  using session = await openCuratedShop({
    ...SHOP,
    // The day before the first empty count in the window was not empty.
    fact_inventory_snapshots: [count("EU", "2024-05-24", 5), ...SHOP.fact_inventory_snapshots!],
  });
  return await session.rows<RegionalDemand>(regionalDemandSql("2024-05-31", WINDOW));
}

Deno.test("demand is summed over the window's days on which the shelf was not empty all day", async () => {
  const rows = await demandRows();
  // The shelf ran empty on the 25th, which counts, and stayed so on the 26th and 27th, which do not.
  assert.deepEqual(
    rows.find(({ warehouse_id, region }) => warehouse_id === "EU" && region === "Europe"),
    { product_id: "kettle", warehouse_id: "EU", region: "Europe", days: 8, units: 10, squared_units: 50 },
  );
});

Deno.test("customers of no served country buy from every warehouse", async () => {
  const rows = (await demandRows()).filter(({ region }) => region === ELSEWHERE);
  assert.deepEqual(rows.map(({ warehouse_id, units }) => [warehouse_id, units]), [["EAST", 7], ["EU", 7], [
    "WEST",
    7,
  ]]);
});

Deno.test("a region's demand is shared among its warehouses by what left their shelves", async () => {
  using session = await openCuratedShop(SHOP);
  const outflow = await session.rows<{ warehouse_id: string; region: string; units: number }>(
    warehouseOutflowSql(),
  );
  assert.deepEqual(outflow, [
    { warehouse_id: "EAST", region: "North America", units: 9 },
    { warehouse_id: "EU", region: "Europe", units: 10 },
    { warehouse_id: "WEST", region: "North America", units: 3 },
  ]);
  const shares = allocateDemand(
    outflow.map(({ warehouse_id, region, units }) => ({ warehouseId: warehouse_id, region, units })),
  );
  const shareOf = (region: string, warehouseId: string) =>
    shares.find((share) => share.region === region && share.warehouseId === warehouseId)?.share;
  assert.equal(shareOf("North America", "EAST"), 0.75);
  assert.equal(shareOf("North America", "WEST"), 0.25);
  assert.equal(shareOf("Europe", "EU"), 1);
  assert.equal(shareOf(ELSEWHERE, "EU"), 10 / 22);
});

Deno.test("warehouses from which nothing left share equally", () => {
  const shares = allocateDemand([
    { warehouseId: "A", region: "R", units: 0 },
    { warehouseId: "B", region: "R", units: 0 },
  ]);
  assert.deepEqual(shares.map(({ share }) => share), [0.5, 0.5, 0.5, 0.5]);
});

Deno.test("a share of a region's demand has the variance of binomial thinning, and regions add up", () => {
  const row = { product_id: "P", warehouse_id: "W", days: 10 };
  const demand = warehouseDemand([
    { ...row, region: "R", units: 20, squared_units: 76 },
    { ...row, region: "S", units: 10, squared_units: 28 },
  ], [{ region: "R", warehouseId: "W", share: 0.25 }, { region: "S", warehouseId: "W", share: 1 }]);
  // R: mean 2, variance (76 − 40) / 9 = 4, thinned to 0.5 and 4/16 + 2·3/16 = 0.625. S: mean 1, variance 18/9 = 2.
  const { mean, sd } = demand.get(demandKey("P", "W"))!;
  assert.ok(Math.abs(mean - 1.5) < 1e-12 && Math.abs(sd ** 2 - 2.625) < 1e-12, `${mean} ${sd}`);
});

Deno.test("positions are the last counts, with a usual cost where none is known", async () => {
  using session = await openCuratedShop({
    ...SHOP,
    fact_inventory_snapshots: [count("OLD", "2024-05-01", 5), ...SHOP.fact_inventory_snapshots!],
  });
  assert.deepEqual(await session.rows(stockPositionsSql("2024-05-31")), [
    { product_id: "kettle", warehouse_id: "EAST", stock_level: 11, unit_cost: 11, unit_price: 20 },
    { product_id: "kettle", warehouse_id: "EU", stock_level: 30, unit_cost: 11, unit_price: 20 },
    { product_id: "kettle", warehouse_id: "WEST", stock_level: 17, unit_cost: 11, unit_price: 20 },
  ]);
});

Deno.test("a demand window of less than two days is refused", () => {
  assert.throws(() => regionalDemandSql("2024-05-31", 1), { name: "InputError" });
});
