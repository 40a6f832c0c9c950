import { DEFAULT_INVENTORY_PARAMETERS, serviceLevelCurve } from "shopflow/inventory/mod.ts";
import type { InventoryPosition } from "../../../lib/inventory/plan.ts";
import assert from "node:assert/strict";

const POSITION: InventoryPosition = {
  productId: "A",
  warehouseId: "W",
  stockLevel: 0,
  demand: { mean: 50, sd: 12 },
  unitCost: 10,
  unitPrice: 20,
};
const POLICY = { ...DEFAULT_INVENTORY_PARAMETERS, leadTimeDays: 4, leadTimeSdDays: 0, reviewDays: 0 };

Deno.test("a service level costs z √L sd units and loses √L sd G(z) units a cycle", () => {
  const [outcome] = serviceLevelCurve([POSITION], POLICY, [0.95]);
  // √4 · 12 = 24; z = 1.6448536; G(z) = 0.0208937; lot √(2 · 25 · 18250 / 2.5) = 604.152.
  assert.ok(Math.abs(outcome!.safetyStockValue - 10 * 24 * 1.6448536) < 1e-4);
  const lost = 24 * 0.0208937 * 18250 / 604.152;
  assert.ok(
    Math.abs(outcome!.yearlyLostSales - 20 * lost) < 0.05,
    `${outcome!.yearlyLostSales} ${20 * lost}`,
  );
  assert.ok(Math.abs(outcome!.yearlyLostMargin - 10 * lost) < 0.05);
  assert.ok(Math.abs(outcome!.fillRate - (1 - lost / 18250)) < 1e-6);
});

Deno.test("more service holds more stock and loses fewer sales, for slow sellers too", () => {
  const positions = [POSITION, { ...POSITION, productId: "B", demand: { mean: 0.1, sd: 0.5 } }];
  const curve = serviceLevelCurve(positions, POLICY, [0.8, 0.9, 0.95, 0.99]);
  for (let i = 1; i < curve.length; i++) {
    assert.ok(curve[i]!.safetyStockValue >= curve[i - 1]!.safetyStockValue);
    assert.ok(curve[i]!.yearlyLostSales <= curve[i - 1]!.yearlyLostSales);
    assert.ok(curve[i]!.fillRate >= curve[i - 1]!.fillRate);
  }
});

Deno.test("without demand nothing is lost", () => {
  const [outcome] = serviceLevelCurve([{ ...POSITION, demand: { mean: 0, sd: 0 } }], POLICY, [0.9]);
  assert.deepEqual([outcome!.safetyStockValue, outcome!.yearlyLostSales, outcome!.fillRate], [0, 0, 1]);
});

Deno.test("goods without a known price lose no margin, rather than their whole cost", () => {
  const [outcome] = serviceLevelCurve([{ ...POSITION, unitPrice: 0 }], POLICY, [0.9]);
  assert.ok(outcome!.yearlyHoldingCost > 0);
  assert.equal(outcome!.yearlyLostMargin, 0);
});
