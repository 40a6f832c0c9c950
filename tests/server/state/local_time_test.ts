import assert from "node:assert/strict";
import { addDays, localTime, startOfDay } from "../../../server/state/local_time.ts";

Deno.test("a day begins at midnight of its time zone, also when clocks change", () => {
  const cases: [string, string, string][] = [
    ["2024-10-02", "UTC", "2024-10-02T00:00:00.000Z"],
    ["2024-10-02", "Europe/Berlin", "2024-10-01T22:00:00.000Z"],
    ["2024-10-27", "Europe/Berlin", "2024-10-26T22:00:00.000Z"],
    ["2024-10-28", "Europe/Berlin", "2024-10-27T23:00:00.000Z"],
    ["2024-03-31", "Europe/Berlin", "2024-03-30T23:00:00.000Z"],
    ["2024-10-02", "Asia/Kathmandu", "2024-10-01T18:15:00.000Z"],
    ["2024-10-02", "Pacific/Kiritimati", "2024-10-01T10:00:00.000Z"],
    ["2024-10-02", "America/Los_Angeles", "2024-10-02T07:00:00.000Z"],
    // In Beirut clocks go forward at midnight: the day begins at 01:00.
    ["2024-03-31", "Asia/Beirut", "2024-03-30T22:00:00.000Z"],
  ];
  for (const [day, zone, start] of cases) {
    assert.equal(startOfDay(day, zone)?.toISOString(), start, `${day} ${zone}`);
  }
});

Deno.test("what is no day has no beginning", () => {
  for (const text of ["", "2024-9-1", "2024-02-30", "2024-13-01", "tomorrow", "2024-10-02T00:00Z"]) {
    assert.equal(startOfDay(text, "UTC"), undefined, text);
  }
});

Deno.test("a time is told in its zone", () => {
  assert.deepEqual(localTime(new Date("2024-10-01T22:05:00Z"), "Europe/Berlin"), {
    day: "2024-10-02",
    hour: 0,
    time: "00:05",
  });
  assert.equal(addDays("2024-02-28", 2), "2024-03-01");
});
