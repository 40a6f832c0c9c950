import assert from "node:assert/strict";
import {
  formatBytes,
  relativeTime,
  scheduleInWords,
  shortDateTime,
} from "../../../../server/pages/jobs/wording.ts";

Deno.test("sizes are told in megabytes and gigabytes", () => {
  assert.deepEqual([300, 512_000_000, 2_340_000_000].map(formatBytes), ["1 MB", "512 MB", "2.3 GB"]);
});

Deno.test("schedules are told in words with their time zone", () => {
  const words = (cron: string, timeZone: string) => scheduleInWords({ schedule: { cron, timeZone } });
  assert.equal(words("0 7 * * MON", "Europe/Berlin"), "At 07:00, only on Monday (Europe/Berlin)");
  assert.equal(scheduleInWords({ schedule: { on: "snapshot" } }), "When a snapshot is published");
});

Deno.test("times are told in UTC, which is named, with the year only when it is another", () => {
  const [now, time] = [new Date("2025-01-02T06:00:00Z"), new Date("2024-12-31T23:30:00Z")];
  assert.equal(shortDateTime(time, now), "Tue 31 Dec 2024, 23:30 UTC");
  assert.equal(shortDateTime(now, now), "Thu 2 Jan, 06:00 UTC");
  assert.equal(relativeTime(time, now), "30 hours ago");
  assert.equal(relativeTime(now, time), "in 30 hours");
});
