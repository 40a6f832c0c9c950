import {
  formatChanges,
  formatLapsedCost,
  formatPointChanges,
  formatStatedShare,
  formatTrouble,
  lapsedMetric,
  numberOfFigure,
} from "shopflow/kpis/mod.ts";
import assert from "node:assert/strict";

const month = (month: string, lapsed: number) => ({
  month,
  active: 1000,
  lapsed,
  lapsed_share: lapsed / 1000,
});

Deno.test("a change stands beside last week and last year, and what the data does not tell is unknown", () => {
  assert.equal(
    formatChanges(110, { before: 100, yearBefore: 220 }),
    "+10 % on the week before, −50 % on the same week last year",
  );
  assert.equal(
    formatChanges(110, { before: 100 }),
    "+10 % on the week before, the same week last year unknown",
  );
  assert.equal(
    formatChanges(110, { before: 0, yearBefore: -5 }),
    "no comparison on the week before, no comparison on the same week last year",
  );
  assert.equal(
    formatPointChanges(0.148, { before: 0.163, yearBefore: null }),
    "−1.5 points on the week before, the same week last year unknown",
  );
});

Deno.test("a figure stands beside the baseline and the target that the business has set", () => {
  assert.equal(formatTrouble({ baseline: 0.15, target: 0.1 }), "; baseline 15 %, target 10 %");
  assert.equal(formatTrouble({ target: 0.1 }), "; target 10 %");
  assert.equal(formatTrouble({ baseline: 0.155, target: 0.0025 }), "; baseline 15.5 %, target 0.25 %");
  assert.equal(formatTrouble(undefined), "");
  assert.deepEqual([0.29, 0, 1, undefined].map(formatStatedShare), ["29 %", "0 %", "100 %", "–"]);
});

Deno.test("the headline of lapsed customers is the last whole month, by its name", () => {
  const months = [month("2025-10-01", 160), month("2026-09-01", 145), month("2026-10-01", 148)];
  assert.deepEqual(lapsedMetric(months, { target: 0.1 }), {
    "lapsed (90 days without an order)": {
      value: "14.8 %",
      note: "in October 2026: +0.3 points on the month before, −1.2 points on October 2025; target 10 %",
    },
  });
  assert.match(
    lapsedMetric(months.slice(2), undefined)["lapsed (90 days without an order)"]!.note,
    /^in October 2026: the month before unknown, October 2025 unknown$/,
  );
  assert.deepEqual(Object.values(lapsedMetric([], undefined)).map(({ value }) => value), ["–"]);
});

Deno.test("what lapsing costs is the shop's own money, and the target's only where there is one", () => {
  const cost = {
    from: "2025-11-01",
    to: "2026-11-01",
    months: 12,
    lapsedShare: 0.15,
    customers: 1200,
    sales: 300_000,
    allSales: 900_000,
    isWhole: true,
  };
  assert.equal(
    formatLapsedCost(cost, {}),
    "From November 2025 to October 2026 **1,200 customers** lapsed who have not come back since. In the year up to " +
      "their last order they had brought **300,000**; everybody's net sales of these 12 months were 900,000.",
  );
  const said = formatLapsedCost(cost, { currency: "EUR", lapsed: { target: 0.1, yearlyCost: 400_000 } });
  assert.match(said, /brought \*\*€300,000\*\*/);
  assert.match(
    said,
    /At the target of 10 % a month instead of the 15\.0 % of these months it would be €200,000/,
  );
  assert.match(said, /The business itself states a cost of €400,000 a year\.$/);
  assert.doesNotMatch(
    formatLapsedCost({ ...cost, lapsedShare: 0.08 }, { lapsed: { target: 0.1 } }),
    /target/,
  );
  assert.match(
    formatLapsedCost({ ...cost, isWhole: false }, {}),
    /their last order, as far as the data goes back, they had brought/,
  );
  assert.match(formatLapsedCost({ ...cost, months: 1 }, {}), /^In November 2025 .*sales of these days/);
  assert.match(
    formatLapsedCost({ ...cost, customers: 1 }, { lapsed: { target: 0.125 } }),
    /\*\*1 customer\*\* lapsed who has not come back .*target of 12\.5 % a month/,
  );
  assert.match(formatLapsedCost(undefined, {}), /is not known yet/);
});

Deno.test("a change that rounds to nothing has no minus, and a large one separators", () => {
  assert.equal(
    formatPointChanges(0.1479, { before: 0.148, yearBefore: 0.14 }),
    "+0.0 points on the week before, +0.8 points on the same week last year",
  );
  assert.equal(
    formatChanges(999, { before: 1000, yearBefore: 50 }),
    "+0 % on the week before, +1,898 % on the same week last year",
  );
});

Deno.test("where nobody was active no share lapsed, and no change is told", () => {
  const empty = { month: "2026-11-01", active: 0, lapsed: 0, lapsed_share: null };
  assert.deepEqual(Object.values(lapsedMetric([month("2026-10-01", 148), empty], { target: 0.1 })), [
    { value: "–", note: "nobody was active at the start of November 2026; target 10 %" },
  ]);
});

Deno.test("the texts of shares and amounts have numbers, names have none", () => {
  const texts = [
    "14.8 %",
    "−$1,234",
    "€0",
    "CHF\u00a01,234",
    "CA$20",
    "2.5 ×",
    "0.777",
    "-1.5",
    "+3 %",
    "1,000",
  ];
  assert.deepEqual(texts.map(numberOfFigure), [14.8, -1234, 0, 1234, 20, 2.5, 0.777, -1.5, 3, 1000]);
  for (const name of ["17850", "", "–", "2026-10", "SKU 12", "week of 3", "1,23", "1.2.3", "12 days"]) {
    assert.equal(numberOfFigure(name), undefined, name);
  }
});
