import assert from "node:assert/strict";
import { createCalendar, HISTORY_MONTHS } from "../../../../lib/simulation/world/calendar.ts";

Deno.test("a history that ends with a month has calendar months", () => {
  const calendar = createCalendar("2024-12-31");
  assert.equal(calendar.days, 365 + 366);
  assert.equal(calendar.date(0), "2023-01-01");
  assert.equal(calendar.date(calendar.days - 1), "2024-12-31");
  assert.equal(calendar.date(-1), "2022-12-31");
  assert.equal(calendar.monthStarts.length, HISTORY_MONTHS + 1);
  assert.deepEqual(calendar.monthStarts.slice(0, 3).map(calendar.date), [
    "2023-01-01",
    "2023-02-01",
    "2023-03-01",
  ]);
});

Deno.test("months end on the last day where the month of the end is longer", () => {
  const starts = createCalendar("2024-03-30").monthStarts;
  const calendar = createCalendar("2024-03-30");
  assert.equal(calendar.date(calendar.days), "2024-03-31");
  assert.deepEqual(starts.slice(-3).map(calendar.date), ["2024-01-31", "2024-02-29", "2024-03-31"]);
});

Deno.test("seconds become timestamps and moments in UTC", () => {
  const calendar = createCalendar("2024-12-31");
  const second = 86_400 + 3 * 3600 + 4 * 60 + 5;
  assert.equal(calendar.timestamp(second), "2023-01-02 03:04:05");
  assert.equal(calendar.dateAt(second).toISOString(), "2023-01-02T03:04:05.000Z");
});
