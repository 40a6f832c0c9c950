/**
 * How long after a run is due it has started, with 100 jobs that are all due at the same minute; beside
 * pg-boss, each over the same number of minutes. Prints its part of documentation/reference/benchmarks.md.
 * Needs SHOPFLOW_TEST_POSTGRES_URL.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { createScheduler, runScheduler } from "shopflow/jobs/scheduler/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { TEST_POSTGRES_URL } from "../../requirements.ts";
import { minutelyJobs } from "./minutely_jobs.ts";
import { openQueue } from "./pg_boss.ts";

const JOBS = 100;
const MINUTES = 3;
const SAMPLES = JOBS * MINUTES;

/** Milliseconds between the time that a run is due and the start of its run. */
async function ours(): Promise<number[]> {
  const folder = await Deno.makeTempDir({ prefix: "delay_bench_" });
  const store = createDirectoryStore(folder);
  const now = () => new Date();
  const log = createLogger(() => {});
  const delays: number[] = [];
  const all = Promise.withResolvers<void>();
  const scheduler = createScheduler({
    ...minutelyJobs(JOBS),
    ledger: openLedger(store, now),
    runtime: { now, log },
    owner: "benchmark",
    maxRuns: JOBS,
    execute({ run }) {
      delays.push(Date.now() - Date.parse(run.scheduledFor));
      if (delays.length === SAMPLES) all.resolve();
      return Promise.resolve({ ended: "succeeded", reason: "nothing to do" });
    },
  });
  const loop = await runScheduler(scheduler, { log, now, leaseMs: 30_000 });
  await all.promise;
  await loop.stop(1000);
  await Deno.remove(folder, { recursive: true });
  return delays;
}

/** pg-boss at its quickest: it looks for due schedules every second, and workers are notified. */
async function peers(): Promise<number[]> {
  const task = { connectionString: TEST_POSTGRES_URL, schema: `bench_${crypto.randomUUID().slice(0, 8)}` };
  const boss = await openQueue(task, {
    schedule: true,
    cronMonitorIntervalSeconds: 1,
    cronWorkerIntervalSeconds: 1,
  });
  const delays: number[] = [];
  const all = Promise.withResolvers<void>();
  let begin = Infinity;
  for (let i = 0; i < JOBS; i++) {
    await boss.createQueue(`job-${i}`, { notify: true });
    await boss.schedule(`job-${i}`, "* * * * *");
    await boss.work(`job-${i}`, { pollingIntervalSeconds: 0.5 }, () => {
      const now = Date.now();
      // Of the minute in which it was scheduled, a job runs at once: that says nothing of delays.
      if (now < begin) return Promise.resolve();
      // Each run is of the minute that has begun: a delay of a whole minute does not occur.
      delays.push(now % 60_000);
      if (delays.length === SAMPLES) all.resolve();
      return Promise.resolve();
    });
  }
  begin = Math.ceil(Date.now() / 60_000) * 60_000;
  await all.promise;
  await boss.stop({ graceful: false });
  return delays;
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

if (import.meta.main) {
  await runCommand(async () => {
    if (!TEST_POSTGRES_URL) {
      throw new InputError("The benchmark of delays needs a server", {
        expected: "SHOPFLOW_TEST_POSTGRES_URL",
      });
    }
    console.error(`  pg-boss, ${MINUTES} minutes`);
    const theirs = await peers();
    console.error(`  ShopFlow, ${MINUTES} minutes`);
    const own = await ours();
    const row = (what: string, delays: number[]) =>
      `| ${what} | ${Math.round(quantile(delays, 0.5))} ms | ${Math.round(quantile(delays, 0.99))} ms |`;
    console.log([
      "## From due to started",
      "",
      `${JOBS} jobs that are due every minute, over ${MINUTES} minutes; runs do nothing.`,
      "",
      "| what | median | p99 |",
      "| --- | ---: | ---: |",
      row("ledger in a folder", own),
      row("pg-boss on PostgreSQL", theirs),
    ].join("\n"));
    Deno.exit();
  });
}
