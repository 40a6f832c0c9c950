import assert from "node:assert/strict";
import { addDays, startOfDay, utcDay } from "../../../server/state/utc_days.ts";

Deno.test("a day begins at midnight UTC, and what is no day has no beginning", () => {
  assert.equal(startOfDay("2024-10-02")?.toISOString(), "2024-10-02T00:00:00.000Z");
  for (const text of ["", "2024-9-1", "2024-02-30", "2024-13-01", "tomorrow", "2024-10-02T00:00Z"]) {
    assert.equal(startOfDay(text), undefined, text);
  }
});

Deno.test("a time lies on its day of UTC, and days are added across months", () => {
  assert.equal(utcDay(new Date("2024-10-02T00:05:00+02:00")), "2024-10-01");
  assert.equal(addDays("2024-02-28", 2), "2024-03-01");
});
