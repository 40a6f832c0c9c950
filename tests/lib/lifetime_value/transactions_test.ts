import {
  collectPurchases,
  purchaseHistories,
  purchasesAfter,
  type Transaction,
} from "../../../lib/lifetime_value/transactions.ts";
import assert from "node:assert/strict";
import { CDNOW_CALIBRATION_END, readCdnowSample, readCdnowSummary } from "../../fixtures/cdnow.ts";
import { testWith } from "../../requirements.ts";

testWith(["datasets"], "CDNOW's transactions become the summary that is distributed with them", async () => {
  const purchases = collectPurchases(await readCdnowSample(), { grain: "day" });
  const { frequency, recency, T } = purchaseHistories(purchases, { observedUntil: CDNOW_CALIBRATION_END });
  const summary = await readCdnowSummary();
  assert.deepEqual(frequency, summary.frequency);
  for (const i of T.keys()) {
    assert.ok(Math.abs(recency[i]! - summary.recency[i]!) <= 0.0051, `recency at ${i}`);
    assert.ok(Math.abs(T[i]! - summary.T[i]!) <= 0.0051, `T at ${i}`);
  }
});

const rows: Transaction[] = [
  { customer: "a", date: "2024-01-01T09:00:00Z", amount: 10, order: 1 },
  { customer: "a", date: "2024-01-01T09:00:00Z", amount: 5, order: 1 },
  { customer: "a", date: "2024-01-01T17:30:00Z", amount: 20, order: 2 },
  { customer: "a", date: "2024-01-04 08:00", amount: 30, order: 3 },
  { customer: "a", date: "2024-01-15", amount: 0, order: 4 },
  { customer: 7, date: new Date("2024-02-01T00:00:00Z"), amount: 1, order: 5 },
];

Deno.test("the grain decides what is one purchase, and a warning counts what it merged", () => {
  const merged = Object.fromEntries(
    (["order", "hour", "day", "week", "month"] as const).map((grain) => {
      const { customers, times, warnings, merged } = collectPurchases(rows, { grain });
      assert.deepEqual(customers, ["a", "7"]);
      if (merged > 0) assert.match(warnings.join(), new RegExp(`"${grain}" counts ${merged} of 5 orders`));
      else assert.deepEqual(warnings, []);
      return [grain, [times.map((own) => own.length), merged]];
    }),
  );
  assert.deepEqual(merged, {
    order: [[4, 1], 0],
    hour: [[4, 1], 0],
    day: [[3, 1], 1],
    week: [[2, 1], 2],
    month: [[1, 1], 3],
  });
});

Deno.test("histories count repeat purchases, times from the first on, in any unit", () => {
  const purchases = collectPurchases(rows, { grain: "day" });
  const { customers, frequency, recency, T, spending } = purchaseHistories(purchases, {
    observedUntil: "2024-01-31",
    unit: "day",
  });
  assert.deepEqual(customers, ["a"]);
  assert.deepEqual([...frequency, ...recency, ...T], [2, 14, 30]);
  // A purchase without an amount is a purchase, and says nothing of amounts.
  assert.deepEqual([...Array.from(spending!.count), ...Array.from(spending!.meanAmount)], [1, 30]);
  const weeks = purchaseHistories(purchases, { observedUntil: "2024-01-31", unit: "week" });
  assert.deepEqual([...weeks.recency, ...weeks.T], [2, 30 / 7]);
  const all = purchaseHistories(purchases);
  assert.equal(all.observedUntil, "2024-02-01");
  assert.deepEqual([...all.frequency], [2, 0]);
  assert.equal(all.T[1], 0);
});

Deno.test("with purchases by week or month only complete periods are observed", () => {
  const weekly = collectPurchases(rows, { grain: "week" });
  // 17 January is a Wednesday: its week is not complete, and the purchase of the 15th not yet counted.
  const cut = purchaseHistories(weekly, { observedUntil: "2024-01-17", unit: "week" });
  assert.equal(cut.observedUntil, "2024-01-14");
  assert.deepEqual([...cut.frequency, ...cut.recency, ...cut.T], [0, 0, 1]);
  const whole = purchaseHistories(weekly, { observedUntil: "2024-01-21", unit: "week" });
  assert.deepEqual([...whole.frequency, ...whole.recency, ...whole.T], [1, 2, 2]);
  const monthly = collectPurchases(rows, { grain: "month" });
  assert.equal(purchaseHistories(monthly, { observedUntil: "2024-01-31" }).observedUntil, "2024-01-31");
});

Deno.test("what comes after a day is counted apart", () => {
  const { purchases, amount } = purchasesAfter(collectPurchases(rows), {
    after: "2024-01-01",
    until: "2024-01-15",
    of: ["a", "7", "nobody"],
  });
  assert.deepEqual([...purchases], [2, 0, 0]);
  assert.deepEqual([...amount], [30, 0, 0]);
});

Deno.test("wrong rows are refused: how many, what was expected, the first of them", () => {
  const bad = (row: unknown) => () => collectPurchases([rows[0]!, row as Transaction]);
  const message = (what: RegExp) => ({ name: "InputError", message: what });
  assert.throws(
    bad({ customer: "", date: "2024-01-01", amount: 1 }),
    message(/1 of 2 rows without a customer.*row 2/s),
  );
  assert.throws(bad({ customer: null, date: "2024-01-01", amount: 1 }), message(/without a customer/));
  for (const date of ["2024-02-30", "01/02/2024", "", null, 20240101, new Date(NaN), "2024-01-01T25:00"]) {
    assert.throws(bad({ customer: "b", date, amount: 1 }), message(/without a date.*YYYY-MM-DD/s), `${date}`);
  }
  for (const amount of [-1, NaN, Infinity, "12"]) {
    assert.throws(
      bad({ customer: "b", date: "2024-01-01", amount }),
      message(/without an amount.*net returns/s),
      `${amount}`,
    );
  }
  assert.throws(bad({ customer: "b", date: "2024-01-01" }), message(/1 of 2 rows without one/));
  // A database's whole numbers are no amounts, and can be shown nevertheless.
  assert.throws(
    bad({ customer: 7n, date: "2024-01-01", amount: 12n }),
    message(/without an amount.*"customer":"7n"/s),
  );
  assert.throws(() => collectPurchases([]), message(/no transactions/));
  assert.throws(() => collectPurchases(rows, { grain: "year" as "day" }), message(/Invalid purchase grain/));
  const purchases = collectPurchases(rows);
  assert.throws(
    () => purchaseHistories(purchases, { unit: "fortnight" as "day" }),
    message(/Invalid time unit/),
  );
  assert.throws(
    () => purchaseHistories(purchases, { observedUntil: "soon" }),
    message(/Invalid end of the observation/),
  );
  assert.throws(
    () => purchaseHistories(purchases, { observedUntil: "2023-12-31" }),
    message(/Nobody had bought by 2023-12-31.*from 2024-01-01 on/s),
  );
});
