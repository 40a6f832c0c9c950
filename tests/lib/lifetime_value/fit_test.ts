import { fitLifetimeValue, valueCustomers } from "../../../lib/lifetime_value/fit.ts";
import { holdOut, holdoutErrors } from "../../../lib/lifetime_value/holdout.ts";
import { collectPurchases, type Transaction } from "../../../lib/lifetime_value/transactions.ts";
import assert from "node:assert/strict";
import { CDNOW_CALIBRATION_END, CDNOW_END, readCdnowSample } from "../../fixtures/cdnow.ts";
import { testWith } from "../../requirements.ts";

testWith(["datasets"], "the hold-out of CDNOW has the published errors", async () => {
  const { predicted, actual, money, horizon } = holdOut(collectPurchases(await readCdnowSample()), {
    calibrateUntil: CDNOW_CALIBRATION_END,
    until: CDNOW_END,
    model: "bg/nbd",
  });
  const { mae, rmse, correlation, predicted: expected, actual: made } = holdoutErrors(predicted, actual);
  assert.equal(horizon, 39);
  assert.equal(mae.toFixed(4), "0.7855");
  assert.equal(rmse.toFixed(3), "1.608");
  assert.equal(correlation?.toFixed(3), "0.626");
  assert.equal(expected.toFixed(0), "1653");
  assert.equal(made, 1882);
  assert.ok(holdoutErrors(money!.predicted, money!.actual).correlation! > 0.5);
});

testWith(
  ["datasets"],
  "one call fits a table of transactions, says what to know, and values customers",
  async () => {
    const rows = await readCdnowSample();
    const fit = fitLifetimeValue(rows, { unit: "week" });
    assert.match(fit.notes[0]!, /grain "day" counts 223 of 6,919 orders or rows \(3\.2 %\)/);
    assert.match(fit.notes[1]!, /NBD was chosen by its higher log-likelihood/);
    assert.match(fit.notes.join("\n"), /Frequent customers spend/);
    const table = fit.table({ horizon: 52 });
    assert.equal(table.length, 2357);
    for (const row of table) {
      assert.ok(row.alive >= 0 && row.alive <= 1);
      assert.ok(row.purchasesLow <= row.purchases && row.purchases <= row.purchasesHigh);
      assert.ok(row.valueLow! <= row.value! && row.value! <= row.valueHigh!);
      assert.ok(Math.abs(row.value! - row.purchases * row.amount!) <= 1e-9 * row.value!);
    }
    assert.ok(table.every((row, i) => i === 0 || row.value! <= table[i - 1]!.value!));
    const kept = fit.table({ horizon: 52, margin: 0.3 })[0]!;
    assert.ok(Math.abs(kept.value! / table[0]!.value! - 0.3) < 1e-12);
    const discounted = fit.table({ horizon: 52, yearlyDiscountRate: 0.1 })[0]!;
    assert.ok(discounted.value! < table[0]!.value! && discounted.value! > 0.9 * table[0]!.value!);
    // A week is the same time in days.
    const inDays = fitLifetimeValue(rows, { unit: "day" }).table({ horizon: 364 })[0]!;
    assert.equal(inDays.customer, table[0]!.customer);
    assert.ok(Math.abs(inDays.value! / table[0]!.value! - 1) < 1e-5);
  },
);

const some: Transaction[] = Array.from({ length: 60 }, (_, i) => ({
  customer: `c${i % 20}`,
  date: `2024-0${1 + i % 7}-1${i % 9}`,
}));

Deno.test("without amounts there are purchases and no values", () => {
  const fit = fitLifetimeValue(some);
  assert.equal(fit.money, undefined);
  const [first] = fit.table({ horizon: 10 });
  assert.equal(first?.value, null);
  assert.ok(first!.purchases > 0);
});

Deno.test("options out of range are refused", () => {
  const fit = fitLifetimeValue(some);
  for (const options of [{ horizon: 0 }, { horizon: NaN }]) {
    assert.throws(() => fit.table(options), { message: /Invalid horizon/ });
  }
  for (const margin of [-0.1, 1.1, NaN]) {
    assert.throws(() => fit.table({ horizon: 1, margin }), { message: /Invalid margin/ });
  }
  assert.throws(() => fit.table({ horizon: 1, yearlyDiscountRate: -1 }), {
    message: /Invalid yearly discount rate/,
  });
  assert.throws(() => fitLifetimeValue(some, { model: "pareto/nbd" as "best" }), {
    message: /Invalid purchase model.*best, bg\/nbd or mbg\/nbd/s,
  });
  assert.throws(() => fitLifetimeValue(some.slice(0, 20)), { name: "TooLittleDataError" });
});

/** Twenty customers who never stop: nothing tells how many leave. */
const faithful: Transaction[] = Array.from({ length: 120 }, (_, i) => ({
  customer: `c${i % 20}`,
  date: `2024-0${1 + Math.floor(i / 20)}-0${1 + i % 7}`,
  amount: 10 + i % 20,
}));

Deno.test("histories that are not of the model are refused instead of valued wrongly", () => {
  const { histories, ...fit } = fitLifetimeValue(faithful, { unit: "week" });
  const { histories: inDays } = fitLifetimeValue(faithful, { unit: "day" });
  assert.throws(() => valueCustomers(fit, inDays, { horizon: 52 }), {
    name: "InputError",
    message: /in another unit than the model.*week.*day/s,
  });
  const spending = histories.spending!;
  const refund = { ...spending, meanAmount: Float64Array.from(spending.meanAmount).fill(-5, 0, 1) };
  assert.throws(() => valueCustomers(fit, { ...histories, spending: refund }, { horizon: 52 }), {
    message: /Invalid spending of 1 of 20 customers.*Net returns/s,
  });
  const short = { count: [1], meanAmount: [10] };
  assert.throws(() => valueCustomers(fit, { ...histories, spending: short }, { horizon: 52 }), {
    message: /not of the same customers.*20 histories, spending of 1/s,
  });
});

Deno.test("where nobody left, it is said that the intervals do not know how many will", () => {
  const fit = fitLifetimeValue(faithful, { unit: "week" });
  assert.match(fit.notes.join("\n"), /a runs to 0: nobody leaves/);
  assert.match(fit.notes.join("\n"), /Intervals take a parameter .* so they are too narrow/);
});
