/** Every failure is found by a review, once, whoever died and however long nobody looked. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { createAlerts } from "shopflow/jobs/alerts/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import { isOpen, type Run } from "shopflow/jobs/mod.ts";
import { type ObjectStore, readJson, updateJson } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { type AlertState, reviewIncidents } from "../../../../lib/jobs/alerts/incidents.ts";
import { runsToReview } from "../../../../lib/jobs/alerts/unreviewed.ts";
import { alertsKey } from "../../../../lib/jobs/ledger/keys.ts";
import { createMemoryStore } from "../../../../schedules/simulated_week/simulate_week.ts";
import { HOUR, jobSet, MINUTE, withWorld } from "../scheduler_fixture.ts";
import { at, JOB, openAt } from "./hourly_job.ts";

for (const [pages, cron] of [["an hour", "*/10 * * * *"], ["a day", "0 * * * *"]] as const) {
  Deno.test(`a failure whose scheduler died is an alert after an outage of five days, on pages of ${pages}`, () =>
    withWorld(
      jobSet([{ schedule: { cron } }]),
      async ({ store, set, held, pass, clock, log, scheduler }) => {
        const now = () => new Date(clock.now);
        const logger = createLogger((line) => void log.push(line));
        const review = async () => {
          const alerts = createAlerts({
            ledger: openLedger(store, now),
            channels: [],
            runtime: { now, log: logger },
          });
          for (const job of set.jobs) await alerts.review(job);
          await alerts.close();
          return log.splice(0).filter((line) => line.includes(": alert"));
        };
        const first = await scheduler();
        assert.deepEqual(await review(), []);
        pass(30 * MINUTE);
        await first.round(true);
        await held[0]!.finish({ ended: "failed", reason: "extract ended with exit code 1" });
        pass(120 * HOUR);
        const next = await scheduler();
        for (let hour = 0; hour < 3; hour++) {
          await next.round(true);
          for (const run of [...held]) await run.finish();
          pass(HOUR);
        }
        const [alert, ...more] = await review();
        assert.match(alert ?? "", /refresh@2024-10-02T08:00Z: alert: failed/);
        assert.equal(more.filter((line) => !line.includes("recovered")).length, 0);
        assert.deepEqual(await review(), []);
      },
    ));
}

const { slaMinutes: _, ...job } = JOB;

/** A review as `createAlerts` does it, in two steps, between which others may review. */
async function beginReview(store: ObjectStore, ledger: Ledger, now: () => Date) {
  const key = alertsKey(job.name);
  const last = (await readJson<AlertState>(store, key))?.value;
  const { runs, unreviewed } = await runsToReview(ledger, job, now(), last);
  return async (): Promise<number> => {
    let counted = 0;
    await updateJson<AlertState>(store, key, (before) => {
      const isLatest = JSON.stringify(before?.unreviewed) === JSON.stringify(last?.unreviewed);
      const found = reviewIncidents(job, runs, before, {
        now: now(),
        paused: false,
        unreviewed: isLatest || before === undefined ? unreviewed : before.unreviewed,
      });
      const closed = found.alerts.filter(({ kind }) => kind === "recovered").flatMap(({ incidents }) =>
        incidents
      );
      counted = (found.state.failed.open?.runs ?? 0) - (before?.failed.open?.runs ?? 0) +
        closed.reduce((sum, { runs }) => sum + runs, 0);
      return found.state === before ? undefined : found.state;
    });
    return counted;
  };
}

for (const pages of ["an hour", "a day"]) {
  Deno.test(`whatever ends in whatever order and whoever looks when, each failure counts once, on pages of ${pages}`, async () => {
    let total = 0;
    const step = fc.constantFrom(
      ...["pass", "pass", "plan", "plan", "fail", "fail", "succeed", "close", "ask again"],
      ...["review", "begin", "finish", "restart"],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.nat(1000)), { minLength: 20, maxLength: 70, size: "max" }),
        async (steps) => {
          let time = at("08:00").getTime();
          const now = () => new Date(time);
          const store = createMemoryStore("memory", now);
          let ledger = openLedger(store, now);
          let planned = time;
          let begun: (() => Promise<number>)[] = [];
          let counted = 0;
          await ledger.jobState(job.name).update((state) => ({
            value: {
              ...state,
              plannedUntil: now().toISOString(),
              ...(pages === "an hour" && { hourPagesFrom: new Date(0).toISOString() }),
            },
            result: undefined,
          }));
          const everything = () => ledger.runs(job.name, new Date(0), new Date("9999-01-01"));
          const pick = async (of: (run: Run) => boolean, i: number) => {
            const found = (await everything()).filter(of);
            return found[i % Math.max(1, found.length)];
          };
          const review = async () => counted += await (await beginReview(store, ledger, now))();
          await review();
          for (const [what, i] of steps) {
            if (what === "pass") time += (i % 300) * MINUTE;
            if (what === "restart") ledger = openLedger(store, now);
            if (what === "plan") {
              const runs: Run[] = [];
              for (let due = planned + 10 * MINUTE; due <= time; due += 10 * MINUTE) {
                const scheduledFor = new Date(due).toISOString();
                const missed = (due / MINUTE) % 30 === 0
                  ? { status: "missed" as const, endedAt: now().toISOString() }
                  : {};
                runs.push({ ...openAt("08:00"), ...missed, scheduledFor });
                planned = due;
              }
              await ledger.enqueue(job.name, runs);
              const plannedUntil = new Date(planned).toISOString();
              if (i % 2 === 0) {
                await ledger.jobState(job.name).update((state) => ({
                  value: { ...state, plannedUntil },
                  result: undefined,
                }));
              }
            }
            if (what === "fail" || what === "succeed") {
              const run = await pick(isOpen, i);
              const status = what === "fail" ? "failed" : "succeeded";
              if (run) await ledger.change(run, (run) => ({ ...run, status, endedAt: now().toISOString() }));
            }
            if (what === "ask again") {
              const run = await pick(({ status }) => status === "succeeded", i);
              const requestedBy = { by: "anna", at: now().toISOString() };
              const { endedAt: _, ...rest } = run ?? openAt("08:00");
              if (run) await ledger.reopen(run, () => ({ ...rest, status: "queued", requestedBy }));
            }
            if (what === "close") {
              await ledger.refresh(job.name);
              await ledger.closePages(job.name);
            }
            if (what === "review") await review();
            if (what === "begin") begun.push(await beginReview(store, openLedger(store, now), now));
            if (what === "finish") {
              for (const end of begun) counted += await end();
              begun = [];
            }
          }
          for (const end of begun) counted += await end();
          ledger = openLedger(store, now);
          await review();
          const failed = (await everything()).filter(({ status, requestedBy }) =>
            status === "failed" && requestedBy === undefined
          );
          total += failed.length;
          assert.equal(counted, failed.length);
        },
      ),
      { numRuns: 100 },
    );
    // That it looked at something.
    assert.ok(total > 100, `${total} failures`);
  });
}
