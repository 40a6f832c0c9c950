import assert from "node:assert/strict";
import fc from "fast-check";
import { nextDue } from "shopflow/jobs/mod.ts";
import { dueTimes } from "../../../lib/jobs/scheduler/due.ts";
import { previousDue } from "../../../lib/jobs/cron.ts";
import { jobSet } from "./scheduler_fixture.ts";

/** The next due times after a moment, as `10-27T00:30` in UTC. */
function due(cron: string, timeZone: string, from: string, count: number): string[] {
  const times: Date[] = [];
  for (let time = new Date(from); times.length < count; times.push(time)) {
    time = nextDue({ cron, timeZone }, time)!;
  }
  return times.map((time) => time.toISOString().slice(5, 16));
}

Deno.test("cron expressions are due in UTC", () => {
  assert.deepEqual(due("5 * * * *", "UTC", "2024-03-31T01:05:00Z", 2), ["03-31T02:05", "03-31T03:05"]);
  assert.deepEqual(due("*/15 * * * *", "UTC", "2024-01-01T00:14:59Z", 1), ["01-01T00:15"]);
  assert.deepEqual(due("30 5 * * MON", "UTC", "2024-10-02T00:00:00Z", 1), ["10-07T05:30"]);
  assert.equal(
    nextDue({ cron: "0 0 29 2 *", timeZone: "UTC" }, new Date("2024-03-01T00:00Z"))?.toISOString(),
    "2028-02-29T00:00:00.000Z",
  );
  assert.equal(nextDue({ cron: "0 0 31 2 *", timeZone: "UTC" }, new Date("2024-01-01T00:00Z")), undefined);
});

Deno.test("in a time zone the local time stays, when clocks are changed, too", () => {
  const berlin = "Europe/Berlin";
  assert.deepEqual(due("0 7 * * MON", berlin, "2024-10-20T12:00Z", 2), ["10-21T05:00", "10-28T06:00"]);
  // 02:30 does not exist on 31 March, and comes twice on 27 October.
  assert.deepEqual(due("30 2 * * *", berlin, "2024-03-29T12:00Z", 3), [
    "03-30T01:30",
    "03-31T01:00",
    "04-01T00:30",
  ]);
  assert.deepEqual(due("30 2 * * *", berlin, "2024-10-25T12:00Z", 3), [
    "10-26T00:30",
    "10-27T00:30",
    "10-28T01:30",
  ]);
  // Every hour that passes has its run, 23 on one day and 25 on the other.
  assert.deepEqual(due("15 * * * *", berlin, "2024-03-31T00:00Z", 3), [
    "03-31T00:15",
    "03-31T01:15",
    "03-31T02:15",
  ]);
  assert.deepEqual(due("15 * * * *", berlin, "2024-10-26T23:30Z", 3), [
    "10-27T00:15",
    "10-27T01:15",
    "10-27T02:15",
  ]);
  // In São Paulo it was midnight that did not exist.
  assert.deepEqual(due("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00Z", 2), [
    "11-04T03:00",
    "11-05T02:00",
  ]);
});

Deno.test("the runs of a year are 23, 24 and 25 an hourly day, in every zone", () => {
  for (
    const timeZone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
  ) {
    const { jobs: [job] } = jobSet([{ schedule: { cron: "0 * * * *", timeZone } }]);
    const times = dueTimes(job!, new Date("2024-01-01T00:00Z"), new Date("2025-01-01T00:00Z"));
    assert.ok(Math.abs(times.length - 366 * 24) <= 1, `${timeZone}: ${times.length}`);
  }
});

Deno.test("data intervals follow each other without a gap, whatever the expression and the moment", () => {
  const crons = [
    "* * * * *",
    "*/7 3-5 * * *",
    "30 2 * * *",
    "0 7 * * MON",
    "0 0 1 * *",
    "15 1,2,3 * MAR,OCT SUN",
  ];
  const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
  fc.assert(fc.property(
    fc.constantFrom(...crons),
    fc.constantFrom(...zones),
    fc.date({ min: new Date("2024-01-01"), max: new Date("2026-01-01"), noInvalidDate: true }),
    (cron, timeZone, from) => {
      const { jobs: [job] } = jobSet([{ schedule: { cron, timeZone } }]);
      const times = dueTimes(job!, from, new Date("2028-01-01"), 20);
      assert.equal(times.length, 20);
      for (const [i, { scheduledFor, dataInterval, next }] of times.entries()) {
        assert.ok(scheduledFor > from && dataInterval.start < scheduledFor);
        assert.deepEqual(dataInterval.end, scheduledFor);
        assert.deepEqual(previousDue({ cron, timeZone }, scheduledFor), dataInterval.start);
        if (i + 1 < times.length) {
          assert.deepEqual(next, times[i + 1]!.scheduledFor);
          assert.deepEqual(times[i + 1]!.dataInterval.start, scheduledFor);
        }
      }
    },
  ));
});
