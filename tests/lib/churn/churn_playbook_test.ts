import assert from "node:assert/strict";
import { breakEvenRisk, campaignEconomics, playbookOf } from "shopflow/churn/mod.ts";
import { PLAYBOOK_ASSUMPTIONS, usualSpend } from "../../../lib/churn/playbook.ts";

const PLAYBOOK = { riskAbove: 0.7, discount: 0.15, margin: 0.45, saveRate: 0.25, contactCost: 1 };

Deno.test("a campaign reaches customers above the risk and no others", () => {
  const { contacted, valueAtRisk, customersKept } = campaignEconomics([
    { churnProbability: 0.7, usualSpend: 1000 },
    { churnProbability: 0.8, usualSpend: 100 },
    { churnProbability: 0.9, usualSpend: 200 },
  ], PLAYBOOK);
  assert.equal(contacted, 2);
  assert.ok(Math.abs(valueAtRisk - (80 + 180)) < 1e-9);
  assert.ok(Math.abs(customersKept - 0.25 * 1.7) < 1e-9);
});

Deno.test("the expected value weighs kept customers against discounts given for nothing", () => {
  const { marginGained, discountWasted, contactCost, expectedValue } = campaignEconomics([
    { churnProbability: 0.8, usualSpend: 100 },
  ], PLAYBOOK);
  assert.ok(Math.abs(marginGained - 0.8 * 0.25 * 100 * 0.30) < 1e-9);
  assert.ok(Math.abs(discountWasted - 0.2 * 100 * 0.15) < 1e-9);
  assert.equal(contactCost, 1);
  assert.ok(Math.abs(expectedValue - (6 - 3 - 1)) < 1e-9);
});

Deno.test("at the break-even risk an offer earns just its contact cost back", () => {
  const atBreakEven = { churnProbability: breakEvenRisk(PLAYBOOK), usualSpend: 500 };
  const everyone = { ...PLAYBOOK, riskAbove: 0, contactCost: 0 };
  assert.ok(Math.abs(campaignEconomics([atBreakEven], everyone).expectedValue) < 1e-9);
  assert.ok(
    breakEvenRisk(PLAYBOOK_ASSUMPTIONS) < PLAYBOOK_ASSUMPTIONS.riskAbove,
    "the business's own rule pays",
  );
  assert.equal(breakEvenRisk({ ...PLAYBOOK, margin: 0.1 }), Infinity);
});

Deno.test("a share above 1 is refused", () => {
  assert.throws(() => campaignEconomics([], { ...PLAYBOOK, discount: 15 }), {
    name: "InputError",
    message: /discount is not a share: expected a number from 0 to 1, found 15/,
  });
});

Deno.test("usual spend is the pace so far, over one horizon for newcomers", () => {
  assert.equal(usualSpend({ netSales: 730, tenureDays: 365 }, 90), 180);
  assert.equal(usualSpend({ netSales: 50, tenureDays: 3 }, 90), 50);
});

Deno.test("a playbook is what the business says, and assumptions for the rest", () => {
  assert.deepEqual(playbookOf(), PLAYBOOK_ASSUMPTIONS);
  assert.deepEqual(playbookOf({ discount: 0.1, saveRate: undefined }), {
    ...PLAYBOOK_ASSUMPTIONS,
    discount: 0.1,
  });
});
