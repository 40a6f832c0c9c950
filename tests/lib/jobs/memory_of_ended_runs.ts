/**
 * A scheduler catches up with ten hours of a minutely job; prints how many of them it ran, and how many of those are still held in
 * memory at the end. Started by memory_of_ended_runs_test.ts with `--v8-flags=--expose-gc`.
 */
import { createScheduler } from "shopflow/jobs/scheduler/mod.ts";
import { defineJobs, type Run } from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { createMemoryStore } from "../../../schedules/simulated_week/simulate_week.ts";
import { declared, RULES } from "./scheduler_fixture.ts";

const RUNS = 600;
const FROM = Date.parse("2024-10-02T00:00:00Z");

let time = FROM;
const now = () => new Date(time);
const ledger = openLedger(createMemoryStore("memory", now), now);
const ended: WeakRef<Run>[] = [];
const watched: Ledger = {
  ...ledger,
  async change(run, change) {
    const after = await ledger.change(run, change);
    if (after?.endedAt !== undefined) ended.push(new WeakRef(after));
    return after;
  },
};
const job = declared({
  schedule: { cron: "* * * * *" },
  overlap: "queue",
  catchup: { runs: "all" },
  slaMinutes: 1,
});
const scheduler = createScheduler({
  ...defineJobs([job], { default: Infinity }, RULES),
  ledger: watched,
  runtime: { now, log: createLogger(() => {}) },
  owner: "here:1",
  execute: () => Promise.resolve({ ended: "succeeded", reason: "exit code 0" }),
});
await scheduler.begin();
await scheduler.round();
time += RUNS * 60_000;
await scheduler.round();
while (scheduler.openRuns().length > 0 || scheduler.active().length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await scheduler.idle();
// What was looked at in this turn of the event loop is held until it ends.
await new Promise((resolve) => setTimeout(resolve, 10));
(globalThis as unknown as { gc(): void }).gc();
const held = ended.filter((run) => run.deref() !== undefined).length;
console.log(`RESULT ${JSON.stringify({ ran: ended.length, held, open: scheduler.openRuns().length })}`);
