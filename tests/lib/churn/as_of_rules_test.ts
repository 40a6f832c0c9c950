import assert from "node:assert/strict";
import { parseAsOfRule, resolveAsOf } from "shopflow/churn/mod.ts";

const PERIOD = { last: "2024-12-31" };

Deno.test("a rule counts from the last sale, with days before it", () => {
  const dates: Record<string, string> = {
    "latest": "2025-01-01",
    "latest - 1 day": "2024-12-31",
    // 90 days from 3 October on end with 31 December.
    "outcomes_known": "2024-10-03",
    "outcomes_known - 30 days": "2024-09-03",
    "2024-09-01": "2024-09-01",
  };
  for (const [text, date] of Object.entries(dates)) assert.equal(resolveAsOf(text, PERIOD), date, text);
  assert.equal(
    parseAsOfRule("outcomes_known - 30 days")?.meaning,
    "30 days before the last day whose following 90 days are all in the data",
  );
});

Deno.test("what is neither a date nor a rule is refused with what it may be", () => {
  for (const text of ["", "today", "Latest", "latest + 7 days", "latest - days", "latest-7", "2024-13-01"]) {
    assert.equal(parseAsOfRule(text), undefined, text);
    assert.throws(() => resolveAsOf(text, PERIOD), { name: "InputError" }, text);
  }
  assert.throws(() => resolveAsOf("soon", PERIOD), /YYYY-MM-DD, or latest or outcomes_known.*found "soon"/);
});
