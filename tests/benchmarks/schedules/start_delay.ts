/**
 * How long after a slot is due its run has started, with 100 jobs that are all due at the same minute; beside
 * graphile-worker, each over the same number of minutes. Prints its part of documentation/benchmarks.md.
 * Needs SHOPFLOW_TEST_POSTGRES_URL.
 */
import { InputError, runCommand } from "shopflow/errors/mod.ts";
import { createScheduler, openLedger, runScheduler } from "shopflow/jobs/mod.ts";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { makeWorkerUtils, parseCronItems, run } from "graphile-worker";
import { TEST_POSTGRES_URL } from "../../requirements.ts";
import { silent } from "./graphile_worker.ts";
import { minutelyJobs } from "./minutely_jobs.ts";

const JOBS = 100;
const MINUTES = 3;
const SAMPLES = JOBS * MINUTES;

/** Milliseconds between the time that a slot is due and the start of its run. */
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
    execute({ slot }) {
      delays.push(Date.now() - Date.parse(slot.slot));
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

async function peers(): Promise<number[]> {
  const options = {
    connectionString: TEST_POSTGRES_URL,
    schema: `bench_${crypto.randomUUID().slice(0, 8)}`,
    logger: silent,
  };
  const utils = await makeWorkerUtils(options);
  await utils.migrate();
  await utils.release();
  const delays: number[] = [];
  const all = Promise.withResolvers<void>();
  const runner = await run({
    ...options,
    noHandleSignals: true,
    concurrency: JOBS,
    parsedCronItems: parseCronItems(
      Array.from(
        { length: JOBS },
        (_, i) => ({ task: "nothing", match: "* * * * *", identifier: `job-${i}` }),
      ),
    ),
    taskList: {
      nothing(payload) {
        const { _cron: { ts } } = payload as { _cron: { ts: string } };
        delays.push(Date.now() - Date.parse(ts));
        if (delays.length === SAMPLES) all.resolve();
        return Promise.resolve();
      },
    },
  });
  await all.promise;
  await runner.stop();
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
    console.error(`  graphile-worker, ${MINUTES} minutes`);
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
      row("graphile-worker on PostgreSQL", theirs),
    ].join("\n"));
    Deno.exit();
  });
}
