import fc from "fast-check";
import assert from "node:assert/strict";
import type { Job, Run } from "shopflow/jobs/mod.ts";
import { type Alert, type AlertState, reviewIncidents } from "../../../../lib/jobs/alerts/incidents.ts";
import type { Unreviewed } from "../../../../lib/jobs/alerts/unreviewed.ts";
import { at, failedAt, JOB, openAt, runAt } from "./hourly_job.ts";

/** On pages of an hour: what a review leaves to the next one. */
function leftOpen(runs: Run[], now: Date): Unreviewed {
  const from = new Date(Math.floor(now.getTime() / 3_600_000) * 3_600_000).toISOString();
  const open = runs.filter(({ endedAt, scheduledFor }) => endedAt === undefined && scheduledFor < from);
  return { from, pages: [...new Set(open.map(({ scheduledFor }) => scheduledFor.slice(0, 13)))] };
}

/** Reviews that follow each other; the first one finds a job that did well. */
function reviews(job: Job = JOB) {
  let state: AlertState | undefined;
  const review = (runs: Run[], now: Date, paused = false): Alert[] => {
    const found = reviewIncidents(job, runs, state, { now, paused, unreviewed: leftOpen(runs, now) });
    state = found.state;
    return found.alerts;
  };
  review([runAt("08:00")], at("08:15"));
  return { review, state: () => state! };
}

const kinds = (alerts: Alert[]) => alerts.map(({ kind }) => kind);

Deno.test("the first run that fails is an alert, further ones are not, and the next success is", () => {
  const { slaMinutes: _, ...job } = JOB;
  const { review } = reviews(job);
  const runs = [runAt("08:00"), failedAt("09:00")];
  const [first, ...more] = review(runs, at("09:10"));
  assert.deepEqual(more, []);
  assert.equal(first!.kind, "failed");
  assert.equal(first!.scheduledFor, at("09:00").toISOString());
  assert.equal(first!.reason, "extract ended with exit code 1");
  assert.equal(first!.channel, "operations");
  assert.deepEqual(review(runs, at("09:11")), []);
  runs.push(failedAt("10:00"));
  assert.deepEqual(review(runs, at("10:10")), []);
  runs.push(failedAt("11:00"));
  assert.deepEqual(review(runs, at("11:10")), []);
  runs.push(runAt("12:00"));
  const [over, ...rest] = review(runs, at("12:10"));
  assert.deepEqual(rest, []);
  assert.equal(over!.kind, "recovered");
  assert.equal(over!.scheduledFor, at("12:00").toISOString());
  assert.deepEqual(over!.incidents, [{ kind: "failed", since: at("09:10").toISOString(), runs: 3 }]);
  assert.deepEqual(review(runs, at("12:11")), []);
});

Deno.test("a failed run that nothing stands for misses its SLA, too", () => {
  const { review } = reviews();
  assert.deepEqual(kinds(review([failedAt("09:00")], at("09:10"))), ["failed"]);
  assert.deepEqual(kinds(review([failedAt("09:00")], at("09:31"))), ["overdue"]);
  assert.deepEqual(review([failedAt("09:00")], at("09:40")), []);
});

Deno.test("a failure after a recovery is an alert again", () => {
  const { review } = reviews();
  const runs = [failedAt("09:00"), runAt("10:00")];
  assert.deepEqual(kinds(review(runs, at("10:10"))), ["failed", "recovered"]);
  assert.deepEqual(kinds(review([...runs, failedAt("11:00")], at("11:10"))), ["failed"]);
});

Deno.test("a failed run that a person cancelled or triggered is no alert", () => {
  const by = { by: "anna", at: at("09:05").toISOString() };
  const { review } = reviews();
  for (
    const change of [
      { status: "cancelled", cancelledBy: by },
      { requestedBy: by },
      { requestedBy: by, trigger: "manual" },
      { requestedBy: by, trigger: "backfill" },
    ] as Partial<Run>[]
  ) {
    assert.deepEqual(review([runAt("08:00"), failedAt("09:00", change)], at("09:10")), []);
  }
});

Deno.test("a failed run that a person runs again with success is a recovery; an older one is not", () => {
  const { review } = reviews();
  const requestedBy = { by: "anna", at: at("09:20").toISOString() };
  assert.deepEqual(kinds(review([failedAt("09:00")], at("09:10"))), ["failed"]);
  const older = runAt("05:00", { trigger: "backfill", requestedBy });
  assert.deepEqual(review([older, failedAt("09:00")], at("09:21")), []);
  const again = runAt("09:00", { status: "succeeded", slaMissed: true, requestedBy });
  assert.deepEqual(kinds(review([older, again], at("09:40"))), ["recovered"]);
});

Deno.test("a run that still runs after its SLA is one alert, while it runs", () => {
  const { review } = reviews();
  const running = openAt("09:00", { status: "running", reason: "runs in host:1" });
  assert.deepEqual(review([running], at("09:30")), []);
  const [alert] = review([running], at("09:31"));
  assert.equal(alert!.kind, "overdue");
  assert.match(alert!.reason, /30 minutes after it was due, it is still running/);
  assert.deepEqual(alert!.incidents, [{ kind: "overdue", since: at("09:30").toISOString(), runs: 1 }]);
  const late = runAt("09:00", { status: "succeeded", slaMissed: true, endedAt: at("09:45").toISOString() });
  assert.deepEqual(review([late], at("09:45")), []);
  assert.deepEqual(review([late, runAt("10:00", { status: "succeeded", slaMissed: true })], at("10:45")), []);
  const [over] = review(
    [late, runAt("10:00", { status: "succeeded", slaMissed: true }), runAt("11:00")],
    at("11:10"),
  );
  assert.equal(over!.kind, "recovered");
  assert.deepEqual(over!.incidents, [{ kind: "overdue", since: at("09:30").toISOString(), runs: 2 }]);
});

Deno.test("one success that ends a failure and a missed SLA is one alert", () => {
  const { review } = reviews();
  const runs = [runAt("08:00"), failedAt("09:00", { endedAt: at("09:50").toISOString() })];
  assert.deepEqual(kinds(review([openAt("09:00", { status: "running" })], at("09:31"))), ["overdue"]);
  assert.deepEqual(kinds(review(runs, at("09:50"))), ["failed"]);
  const alerts = review([...runs, runAt("10:00")], at("10:10"));
  assert.deepEqual(kinds(alerts), ["recovered"]);
  assert.deepEqual(alerts[0]!.incidents.map(({ kind }) => kind), ["failed", "overdue"]);
});

const UNDONE: [string, Partial<Run>, string[]][] = [
  ["was missed", { status: "missed", reason: "no scheduler ran" }, ["overdue"]],
  ["was skipped, since what it depends on failed", { status: "skipped", blockedBy: "refresh" }, ["overdue"]],
  ["was skipped when it was entered", { status: "skipped" }, []],
  ["was cancelled before it ran", { status: "skipped", cancelledBy: { by: "anna", at: "" } }, []],
  ["was replaced", { status: "superseded" }, []],
];

for (const [what, change, expected] of UNDONE) {
  Deno.test(`past its SLA, a run that ${what} is ${expected.length > 0 ? "an" : "no"} alert`, () => {
    const run = runAt("09:00", change);
    assert.deepEqual(kinds(reviews().review([runAt("08:00"), run], at("09:31"))), expected);
  });
}

Deno.test("missed runs are no alert when a later run stands for them", () => {
  const missed = runAt("09:00", { status: "missed", reason: "no scheduler ran when it was due" });
  assert.deepEqual(reviews().review([missed, openAt("10:00")], at("10:05")), []);
  assert.deepEqual(reviews().review([missed, runAt("10:00")], at("10:15")), []);
});

Deno.test("what waits while its job is paused misses no SLA", () => {
  const { review } = reviews();
  assert.deepEqual(review([openAt("09:00")], at("09:31"), true), []);
  assert.deepEqual(kinds(review([openAt("09:00")], at("09:32"))), ["overdue"]);
});

Deno.test("a job without an SLA has none to miss, and one that loses it has none to recover from", () => {
  const { slaMinutes: _, ...job } = JOB;
  const late = [openAt("09:00", { status: "running" })];
  assert.deepEqual(reviews(job).review(late, at("12:00")), []);
  const { review, state } = reviews();
  assert.deepEqual(kinds(review(late, at("09:31"))), ["overdue"]);
  const found = reviewIncidents(job, [runAt("09:00"), runAt("10:00")], state(), {
    now: at("10:15"),
    paused: false,
    unreviewed: leftOpen([], at("10:15")),
  });
  assert.deepEqual(found.alerts, []);
  assert.equal(found.state.overdue.open, undefined);
});

Deno.test("the first look at a job finds what lasts, not what is over", () => {
  const first = (runs: Run[]) =>
    kinds(
      reviewIncidents(JOB, runs, undefined, {
        now: at("12:15"),
        paused: false,
        unreviewed: leftOpen(runs, at("12:15")),
      }).alerts,
    );
  assert.deepEqual(first([failedAt("09:00"), runAt("10:00")]), []);
  assert.deepEqual(first([failedAt("09:00"), runAt("10:00"), failedAt("12:00")]), ["failed"]);
});

Deno.test("what failed more than three days ago is no news at the first look; later it is, unless it was reviewed", () => {
  const { slaMinutes: _, ...job } = JOB;
  const now = new Date("2024-10-06T09:11:00Z");
  const runs = [failedAt("09:00")];
  const first = reviewIncidents(job, runs, undefined, {
    now,
    paused: false,
    unreviewed: leftOpen(runs, now),
  });
  assert.deepEqual(first.alerts, []);
  const { review } = reviews(job);
  assert.deepEqual(kinds(review(runs, now)), ["failed"]);
  assert.deepEqual(review(runs, new Date("2024-10-06T09:12:00Z")), []);
});

Deno.test("a failure while the clock was ahead is over when the present succeeds", () => {
  const { review } = reviews();
  assert.deepEqual(kinds(review([failedAt("20:00")], at("20:10"))), ["failed"]);
  // The clock is set back; the run of the future stays, since it ran.
  assert.deepEqual(review([failedAt("20:00")], at("09:05")), []);
  const runs = [runAt("10:00"), failedAt("20:00")];
  assert.deepEqual(review([runAt("09:00"), ...runs], at("10:00")).map(({ kind }) => kind), ["recovered"]);
  assert.deepEqual(kinds(review([failedAt("11:00"), ...runs], at("11:10"))), ["failed"]);
});

Deno.test("a failure while the clock was ahead is no alert again when its time comes", () => {
  for (const job of [JOB, (({ slaMinutes: _, ...rest }) => rest)(JOB)]) {
    const { review } = reviews(job);
    const ahead = failedAt("20:00");
    assert.deepEqual(kinds(review([ahead], at("20:40"))), ["failed", ...job === JOB ? ["overdue"] : []]);
    const alerts = [review([runAt("09:00"), ahead], at("09:15"))];
    const runs = [ahead];
    for (let hour = 10; hour < 24; hour++) {
      if (hour !== 20) runs.push(runAt(`${hour}:00`));
      alerts.push(
        review(runs.toSorted((a, b) => a.scheduledFor < b.scheduledFor ? -1 : 1), at(`${hour}:15`)),
      );
    }
    assert.deepEqual(kinds(alerts.flat()), ["recovered"], job === JOB ? "with an SLA" : "without");
  }
});

Deno.test("a failure of the present that a clock ahead reviewed is no alert again, and a later one is", () => {
  const { review } = reviews();
  const runs = [failedAt("09:00"), runAt("10:00")];
  assert.deepEqual(kinds(review(runs, at("10:15"))), ["failed", "recovered"]);
  assert.deepEqual(
    review(
      [...runs, failedAt("20:00", { status: "cancelled", cancelledBy: { by: "anna", at: "" } })],
      at("20:40"),
    ),
    [],
  );
  assert.deepEqual(review(runs, at("10:20")), []);
  assert.deepEqual(kinds(review([...runs, failedAt("11:00")], at("11:10"))), ["failed"]);
});

Deno.test("a run that fails after a later one succeeded is an alert, once, and the next success ends it", () => {
  const { slaMinutes: _, ...job } = JOB;
  const { review } = reviews(job);
  const open = openAt("07:00", { trigger: "catch-up" });
  assert.deepEqual(review([open, failedAt("09:00")], at("09:15")).map(({ kind }) => kind), ["failed"]);
  assert.deepEqual(kinds(review([open, failedAt("09:00"), runAt("10:00")], at("10:15"))), ["recovered"]);
  const late = failedAt("07:00", { trigger: "catch-up", endedAt: at("10:30").toISOString() });
  const runs = [late, failedAt("09:00"), runAt("10:00")];
  const [alert, ...more] = review(runs, at("10:31"));
  assert.deepEqual([alert!.kind, alert!.scheduledFor, more], ["failed", at("07:00").toISOString(), []]);
  assert.deepEqual(review(runs, at("10:40")), []);
  assert.deepEqual(kinds(review([...runs, runAt("11:00")], at("11:15"))), ["recovered"]);
  assert.deepEqual(review([...runs, runAt("11:00")], at("12:15")), []);
});

Deno.test("a run that fails out of order while its job is known to fail is counted", () => {
  const { slaMinutes: _, ...job } = JOB;
  const { review, state } = reviews(job);
  const open = openAt("07:00", { trigger: "catch-up" });
  review([open, failedAt("09:00")], at("09:15"));
  const late = failedAt("07:00", { trigger: "catch-up", endedAt: at("10:30").toISOString() });
  assert.deepEqual(review([late, failedAt("09:00")], at("10:31")), []);
  assert.equal(state().failed.open!.runs, 2);
  // It succeeded before the last failure.
  const between = runAt("10:00", { endedAt: at("10:20").toISOString() });
  assert.deepEqual(review([late, failedAt("09:00"), between], at("10:32")), []);
  const [over] = review([late, failedAt("09:00"), between, runAt("11:00")], at("11:15"));
  assert.equal(over!.kind, "recovered");
});

Deno.test("old failures on a page that a person's request opens again are no alert", () => {
  const { review } = reviews();
  const old = failedAt("09:00");
  assert.deepEqual(kinds(review([old, runAt("10:00")], at("10:15"))), ["failed", "recovered"]);
  assert.deepEqual(review([runAt("11:00")], at("11:15")), []);
  const requestedBy = { by: "anna", at: at("12:00").toISOString() };
  const again = runAt("09:30", { trigger: "backfill", requestedBy });
  assert.deepEqual(review([old, again, runAt("11:00"), runAt("12:00")], at("12:15")), []);
});

Deno.test("a review without news gives the state it was given, so that nothing is written", () => {
  const runs = [runAt("08:00"), failedAt("09:00")];
  const unreviewed = leftOpen(runs, at("09:10"));
  const look = (before: AlertState | undefined, now: Date) =>
    reviewIncidents(JOB, runs, before, { now, paused: false, unreviewed }).state;
  const state = look(undefined, at("09:10"));
  assert.equal(look(state, at("09:20")), state);
});

Deno.test("the state stays small, however much fails", () => {
  const { review, state } = reviews();
  const minutes = Array.from({ length: 2000 }, (_, i) => {
    const due = new Date(at("09:00").getTime() + i * 60_000).toISOString();
    return failedAt("09:00", { scheduledFor: due, endedAt: due });
  });
  const now = new Date(at("09:00").getTime() + 2001 * 60_000);
  assert.deepEqual(kinds(review(minutes, now)), ["failed", "overdue"]);
  assert.equal(state().failed.open!.runs, 2000);
  assert.deepEqual(review(minutes, now), []);
  assert.ok(JSON.stringify(state()).length < 20_000);
});

Deno.test("whatever happens and however seldom it is looked at, failures and recoveries alternate", () => {
  const event = fc.constantFrom("succeeded", "sla-missed", "failed", "skipped", "missed", "superseded");
  fc.assert(fc.property(fc.array(fc.tuple(event, fc.boolean()), { maxLength: 20 }), (events) => {
    const runs: Run[] = [];
    const { slaMinutes: _, ...job } = JOB;
    const { review } = reviews(job);
    const alerts: string[] = [];
    const hours = events.map(([status, looks], i) => ({
      status,
      looks,
      due: new Date(at("09:00").getTime() + i * 3_600_000),
    }));
    for (const { status, looks, due } of hours) {
      const endedAt = new Date(due.getTime() + 600_000);
      runs.push(
        runAt("09:00", {
          scheduledFor: due.toISOString(),
          ...(status === "sla-missed" ? { status: "succeeded", slaMissed: true } : { status }),
          endedAt: endedAt.toISOString(),
        }),
      );
      if (looks) alerts.push(...kinds(review(runs, endedAt)));
    }
    const end = new Date(at("09:00").getTime() + events.length * 3_600_000);
    alerts.push(...kinds(review(runs, end)));
    alerts.forEach((kind, i) => assert.equal(kind, i % 2 === 0 ? "failed" : "recovered"));
    // The last alert tells the state at the end.
    const outcomes = events.map(([status]) => status).filter((status) =>
      ["succeeded", "sla-missed", "failed"].includes(status)
    );
    assert.equal(alerts.length % 2 === 1, outcomes.at(-1) === "failed");
  }));
});
