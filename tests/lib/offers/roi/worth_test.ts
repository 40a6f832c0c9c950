import assert from "node:assert/strict";
import { roiDefaults, type RoiInputs, worthOfTarget } from "shopflow/offers/roi/mod.ts";
import { openChurnShop } from "../../../fixtures/churn_shop.ts";

/** 1,000 active customers of whom 15 % lapse; half of those who are about to leave can be kept. */
const INPUTS: RoiInputs = {
  activeCustomers: 1000,
  lapsedShare: 0.15,
  targetShare: 0.1,
  monthlySpend: 40,
  margin: 0.5,
  discount: 0.2,
  discountedMonths: 1,
  saveRate: 0.5,
  precision: 0.8,
  contactCost: 1,
  monthsCounted: 2,
};

const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found}, ${expected}`);

Deno.test("15 % to 10 % is worked out as by hand", () => {
  const roi = worthOfTarget(INPUTS);
  near(roi.kept, 50);
  near(roi.contacted, 50 / (0.5 * 0.8));
  near(roi.monthsExpected, 1 + 0.9);
  near(roi.marginGained, 50 * 40 * 0.5 * 1.9);
  near(roi.discountOfKept, 50 * 40 * 0.2);
  near(roi.discountOfOthers, 125 * 0.2 * 40 * 0.2);
  near(roi.contactCost, 125);
  near(roi.net, 1900 - 400 - 200 - 125);
  near(roi.netAYear, 12 * roi.net);
  assert.equal(roi.isReachable, true);
});

Deno.test("at the break-even save rate and discount nothing is gained or lost", () => {
  const { breakEvenSaveRate, breakEvenDiscount } = worthOfTarget(INPUTS);
  // The target stays in reach, so that only costs change.
  const target = { ...INPUTS, targetShare: 0.149 };
  const saveRate = worthOfTarget(target).breakEvenSaveRate;
  near(worthOfTarget({ ...target, saveRate }).net, 0);
  near(worthOfTarget({ ...INPUTS, discount: breakEvenDiscount }).net, 0);
  assert.ok(breakEvenSaveRate > 0 && breakEvenSaveRate < INPUTS.saveRate);
  assert.equal(worthOfTarget({ ...INPUTS, margin: 0 }).breakEvenSaveRate, Infinity);
});

Deno.test("a target that the offer cannot reach is said to be out of reach, and what it can reach is worked out", () => {
  const roi = worthOfTarget({ ...INPUTS, saveRate: 0.2 });
  assert.equal(roi.isReachable, false);
  near(roi.lowestShare, 0.12);
  near(roi.reachedShare, 0.12);
  near(roi.kept, 30);
  // Everybody who is about to leave, and a quarter as many who are not.
  near(roi.contacted, 150 / 0.8);
});

Deno.test("a choice worse than none, which takes more offers than there are customers, is told", () => {
  const target = { ...INPUTS, targetShare: 0.075 };
  // All who would have left are 150 of 1,000: at 15 % right everybody must get one, at 10 % half as many again.
  assert.equal(worthOfTarget({ ...target, precision: 0.15 }).hasEnoughCustomers, true);
  const worse = worthOfTarget({ ...target, precision: 0.1 });
  near(worse.contacted, 1500);
  assert.equal(worse.hasEnoughCustomers, false);
});

Deno.test("inputs out of range are refused with what was expected and found", () => {
  const cases: [Partial<RoiInputs>, RegExp][] = [
    [{ targetShare: 0.2 }, /target is above the share who lapse today: expected at most 15 %, found 20 %/],
    [{ discount: 15 }, /Invalid discount: expected a number from 0 % to 100 %, found 1500 %/],
    [{ saveRate: 0 }, /Invalid save rate: .*found 0 %/],
    [{ activeCustomers: NaN }, /Invalid active customers: .*found no number/],
    [{ monthsCounted: 0 }, /Invalid months counted: expected a number from 1 to 120, found 0/],
  ];
  for (const [changes, message] of cases) {
    assert.throws(() => worthOfTarget({ ...INPUTS, ...changes }), { name: "InputError", message });
  }
});

Deno.test("defaults come from the shop's orders and the business file, and say where from", async () => {
  using shop = await openChurnShop({ customers: 400 });
  const defaults = await roiDefaults(shop, { playbook: { margin: 0.6 }, lapsed: { target: 0.01 } }, {
    hasScores: false,
    readOn: "2099-01-01",
  });
  assert.ok(defaults.activeCustomers.value! > 50);
  assert.ok(defaults.lapsedShare.value! > 0.01 && defaults.lapsedShare.value! < 1);
  assert.ok(defaults.monthlySpend.value! > 0);
  assert.match(defaults.lapsedShare.source, /the shop's orders, \d{4}-\d{2}-01 to \d{4}-\d{2}-01/);
  assert.deepEqual(defaults.margin, { value: 0.6, source: "the business file" });
  assert.deepEqual(defaults.targetShare, { value: 0.01, source: "the business file" });
  assert.deepEqual(defaults.saveRate, { value: 0.25, source: "an assumption" });
  assert.match(defaults.precision.source, /assumption/);
});
