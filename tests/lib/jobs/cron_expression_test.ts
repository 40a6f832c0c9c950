import assert from "node:assert/strict";
import { nextDue } from "shopflow/jobs/mod.ts";

const DUE: [string, string, string][] = [
  ["5 * * * *", "2024-03-31T01:05:00Z", "2024-03-31T02:05:00.000Z"],
  ["*/15 * * * *", "2024-01-01T00:14:59Z", "2024-01-01T00:15:00.000Z"],
  ["30 5 * * MON", "2024-10-02T00:00:00Z", "2024-10-07T05:30:00.000Z"],
  ["0 0 29 2 *", "2024-03-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
];

for (const [cron, from, due] of DUE) {
  Deno.test(`${cron} is due after ${from} at ${due}, in UTC`, () => {
    assert.equal(nextDue(cron, new Date(from))?.toISOString(), due);
  });
}

Deno.test("a date that never comes is never due", () => {
  assert.equal(nextDue("0 0 31 2 *", new Date("2024-01-01T00:00:00Z")), undefined);
});
