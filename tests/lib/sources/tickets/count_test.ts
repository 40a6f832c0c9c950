import assert from "node:assert/strict";
import { Aggregator } from "mingo";
import { monthCounts, totalsOfMonths } from "../../../../lib/sources/tickets/count.ts";
import { utcText } from "../../../../lib/sources/tickets/values.ts";

const DATES = [
  new Date("2024-01-31T23:59:59.999Z"),
  new Date("2024-02-01T00:00:00Z"),
  new Date("+020244-03-01T00:00:00Z"),
  new Date("-000044-03-15T00:00:00Z"),
  "2024-01-31T23:30:00-05:00",
  "2024-02-30",
  "soon",
  null,
  undefined,
  5,
];

Deno.test("tickets are counted in the months in which they are read, also those without a date that MongoDB can write", () => {
  const tickets = DATES.map((opened, i) => ({ _id: i, ...(opened !== undefined && { opened }) }));
  const stages = monthCounts({ collection: "tickets", columns: { created_date: "opened" } });
  const { rows, months } = totalsOfMonths(new Aggregator(stages).run(tickets));
  const expected: Record<string, number> = {};
  for (const date of DATES) {
    const month = utcText(date)?.slice(0, 7) ?? "undated";
    expected[month] = (expected[month] ?? 0) + 1;
  }
  assert.equal(rows, DATES.length);
  assert.deepEqual(
    Object.fromEntries(Object.entries(months!).map(([month, totals]) => [month, totals.rows])),
    expected,
  );
  assert.equal(expected.undated, 5);
});
