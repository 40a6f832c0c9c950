import {
  daysOfCover,
  economicOrderQuantity,
  reorderPoint,
  safetyStock,
} from "../../../lib/inventory/policy.ts";
import { DEFAULT_INVENTORY_PARAMETERS } from "shopflow/inventory/mod.ts";
import { type InventoryPosition, planInventory } from "../../../lib/inventory/plan.ts";
import assert from "node:assert/strict";

function near(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `expected ${expected}, found ${actual}`);
}

Deno.test("economic order quantity of 2,400 units a year at 3.20 an order and 24 % of 0.40 is 400", () => {
  near(economicOrderQuantity(2400, 3.2, 0.24 * 0.4), 400);
});

Deno.test("economic order quantity asks for a holding cost", () => {
  assert.throws(() => economicOrderQuantity(100, 10, 0), {
    name: "ModelError",
    message: /holding cost above 0/,
  });
});

Deno.test("safety stock and reorder point are those of normal demand with an uncertain lead time", () => {
  // d = 50, sd = 12, L = 4, sd_L = 1: z √(4·144 + 2500) = 1.6449 · 55.46, computed with Python's NormalDist.
  const demand = { mean: 50, sd: 12 };
  near(safetyStock(demand, { leadTimeDays: 4, leadTimeSdDays: 1 }, 0.95), 91.22637592712692);
  near(reorderPoint(demand, { leadTimeDays: 4, leadTimeSdDays: 1 }, 0.95), 291.2263759271269);
});

Deno.test("a review period lengthens the time that stock must last", () => {
  const interval = { leadTimeDays: 4, reviewDays: 7 };
  near(safetyStock({ mean: 50, sd: 12 }, interval, 0.95), 65.46434778783892);
  near(reorderPoint({ mean: 50, sd: 12 }, interval, 0.95), 615.464347787839);
});

Deno.test("days of cover are unknown without demand and 0 for stock below 0", () => {
  assert.equal(daysOfCover(30, 2), 15);
  assert.equal(daysOfCover(-3, 2), 0);
  assert.equal(daysOfCover(30, 0), null);
});

const POLICY = { ...DEFAULT_INVENTORY_PARAMETERS, leadTimeDays: 4, leadTimeSdDays: 1, reviewDays: 0 };
const position = (productId: string, stockLevel: number, mean = 50, sd = 12): InventoryPosition => ({
  productId,
  warehouseId: "WH",
  stockLevel,
  demand: { mean, sd },
  unitCost: 10,
  unitPrice: 20,
});

Deno.test("an order fills the stock up to the reorder point and an economic order quantity", () => {
  const [planned] = planInventory([position("A", 230)], POLICY);
  assert.equal(planned!.action, "order now");
  // √(2 · 25 · 18250 / 2.5) = 604.15; 291.23 + 604.15 − 230 = 665.4.
  assert.equal(planned!.orderQuantity, 666);
  near(planned!.safetyStock, 91.22637592712692);
  near(planned!.daysOfCover!, 4.6);
});

Deno.test("an order never lasts longer than its limit of days", () => {
  const [planned] = planInventory([position("A", 0, 0.02, 0.15)], POLICY);
  assert.equal(planned!.reorderPoint, 1);
  assert.equal(planned!.orderQuantity, Math.ceil(1 + 60 * 0.02));
});

Deno.test("the stockout risk and lost sales are those of the demand over the lead time", () => {
  const [planned] = planInventory([position("A", 230)], { ...POLICY, leadTimeSdDays: 0 });
  near(planned!.stockoutRisk, 0.10564977366685535);
  near(planned!.expectedLostUnits, 1.2140848393308654);
  near(planned!.expectedLostSales, 20 * 1.2140848393308654);
});

Deno.test("stock for more than 90 days is overstock, and only the excess is money tied up", () => {
  const [over, enough] = planInventory([position("A", 4600), position("B", 4500)], POLICY);
  assert.deepEqual([over!.isOverstock, over!.action, over!.overstockValue], [true, "overstock", 1000]);
  assert.deepEqual([enough!.isOverstock, enough!.action, enough!.overstockValue], [false, "ok", 0]);
});

Deno.test("one piece of a slow seller that the policy asks for is not overstock", () => {
  const [one] = planInventory([position("A", 1, 0.005, 0.07)], { ...POLICY, serviceLevel: 0.99 });
  assert.ok(one!.daysOfCover! > 90);
  assert.deepEqual([one!.reorderPoint, one!.isOverstock, one!.action], [1, false, "ok"]);
});

Deno.test("stock without demand is overstock and never ordered", () => {
  const [left, none] = planInventory([position("A", 5, 0, 0), position("B", 0, 0, 0)], POLICY);
  assert.deepEqual([left!.action, left!.overstockValue, left!.daysOfCover], ["overstock", 50, null]);
  assert.deepEqual([none!.action, none!.orderQuantity, none!.isStockout, none!.stockoutRisk], [
    "ok",
    0,
    true,
    0,
  ]);
});

Deno.test("a negative count is an empty shelf", () => {
  const [planned] = planInventory([position("A", -3)], POLICY);
  assert.deepEqual([planned!.isStockout, planned!.stockValue], [true, 0]);
  near(planned!.expectedLostUnits, 200, 0.01);
});

Deno.test("the plan starts with what loses the most sales", () => {
  const plan = planInventory(
    [
      position("ok", 2000),
      position("low", 280),
      position("over", 9000),
      position("out", 0),
      position("lower", 150),
    ],
    POLICY,
  );
  assert.deepEqual(plan.map(({ productId }) => productId), ["out", "lower", "low", "over", "ok"]);
});

Deno.test("a plan of nothing is empty", () => assert.deepEqual(planInventory([]), []));

Deno.test("inventory parameters out of range are named", () => {
  for (
    const [parameters, name] of [
      [{ serviceLevel: 1 }, /service level/],
      [{ leadTimeDays: 0 }, /leadTimeDays/],
      [{ reviewDays: -1 }, /reviewDays/],
      [{ holdingCostRate: NaN }, /holdingCostRate/],
    ] as const
  ) {
    assert.throws(() => planInventory([], { ...POLICY, ...parameters }), {
      name: "ModelError",
      message: name,
    });
  }
});
