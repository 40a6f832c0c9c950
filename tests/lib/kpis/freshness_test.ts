import assert from "node:assert/strict";
import { freshnessOf, ordersUntilText } from "shopflow/kpis/mod.ts";

const at = (time: string) => new Date(`2026-11-30T${time}Z`);

Deno.test("yesterday's orders are fresh all day, and late from the next midnight on", () => {
  assert.deepEqual(freshnessOf("2026-11-29", at("00:05:00")).status, "fresh");
  assert.deepEqual(freshnessOf("2026-11-29", at("12:00:00")), {
    status: "fresh",
    until: "2026-11-29",
    hoursOld: 12,
    words: "fresh",
  });
  assert.equal(freshnessOf("2026-11-29", at("23:59:59")).status, "fresh");
  assert.equal(freshnessOf("2026-11-30", at("12:00:00")).hoursOld, 0, "today is not over");
  const [late, stale] = ["2026-11-28", "2026-11-26"].map((day) => freshnessOf(day, at("06:00:00")));
  assert.deepEqual([late?.status, late?.words], ["late", "a day late"]);
  assert.deepEqual([stale?.status, stale?.words], ["stale", "3 days late"]);
});

Deno.test("data that ends years ago is stale, by the clock", () => {
  const { status, words } = freshnessOf("2011-12-09", at("06:00:00"));
  assert.deepEqual([status, words], ["stale", "14 years late"]);
  assert.equal(freshnessOf("2026-08-01", at("06:00:00")).words, "3 months late");
});

Deno.test("the limits are settings", () => {
  const limits = { lateAfterHours: 3, staleAfterHours: 5 };
  const words = (time: string) => {
    const { status, words } = freshnessOf("2026-11-29", at(time), limits);
    return [status, words];
  };
  assert.deepEqual(words("03:00:00"), ["fresh", "fresh"]);
  assert.deepEqual(words("04:30:00"), ["late", "4 hours late"]);
  assert.deepEqual(words("05:30:00"), ["stale", "5 hours late"]);
});

Deno.test("the last day is named as people name it", () => {
  assert.equal(ordersUntilText("2026-11-30", at("06:00:00")), "Orders until today");
  assert.equal(ordersUntilText("2026-11-29", at("06:00:00")), "Orders until yesterday");
  assert.equal(ordersUntilText("2011-12-09", at("06:00:00")), "Orders until 9 Dec 2011");
  assert.equal(ordersUntilText("2026-11-29"), "Orders until 29 Nov 2026", "on a page that is kept");
});
