import { createScheduler, type Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import {
  defineJobs,
  type Execute,
  type Execution,
  type JobDeclaration,
  type JobSet,
  type Outcome,
  shownStatus,
  stopped,
  type StopReason,
} from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import type { SchedulerOptions } from "../../../lib/jobs/scheduler/scheduler.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { observed, quiet } from "./quiet_store.ts";

export const RULES = {
  pipelines: ["extract", "transform", "train"],
  notebooks: ["notebooks/churn.ipynb"],
  channels: ["operations"],
};

/** A job with what a test says of it, else hourly and without retries. */
export function declared(more: Partial<JobDeclaration> = {}): JobDeclaration {
  return {
    name: "refresh",
    description: "refresh",
    owner: "data@shop.example",
    schedule: { cron: "0 * * * *" },
    steps: [{ pipeline: "extract" }],
    retries: { limit: 0 },
    ...more,
  };
}

export const jobSet = (jobs: Partial<JobDeclaration>[], pools: JobSet["pools"] = {}): JobSet =>
  defineJobs(jobs.map(declared), { default: Infinity, ...pools }, RULES);

/** A run that waits for the test to say how it ends. */
export interface Held extends Execution {
  finish(outcome?: Partial<Outcome>): Promise<void>;
}

/** Schedulers on one lake, with a clock that a test sets and runs that a test ends. */
export interface World {
  store: ObjectStore;
  ledger: Ledger;
  set: JobSet;
  log: string[];
  clock: { now: number };
  /** Runs that go on, in the order of their start. */
  held: Held[];
  /** Lets `ms` pass for what is due; leases do not notice. */
  pass(ms: number): void;
  /** What leases go by, in milliseconds; a test moves it. */
  leaseTime: { elapsed: number };
  scheduler(options?: Partial<SchedulerOptions>): Promise<Scheduler>;
  /** `08:00 succeeded` of each run of a job. */
  runs(job?: string): Promise<string[]>;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export async function withWorld(
  set: JobSet,
  body: (world: World) => Promise<void>,
  { start = "2024-10-02T07:30:00Z", store: given }: { start?: string; store?: ObjectStore } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "jobs_" });
  const store = observed(given ?? createDirectoryStore(folder));
  const clock = { now: Date.parse(start) };
  const now = () => new Date(clock.now);
  const leaseTime = { elapsed: 1_000_000 };
  const leaseClock = { elapsed: () => leaseTime.elapsed, timeOfDay: () => leaseTime.elapsed };
  const ledger = openLedger(store, now);
  const log: string[] = [];
  const held: Held[] = [];
  const execute: Execute = (execution) => {
    const ended = Promise.withResolvers<Outcome>();
    const leave = () => {
      if (held.includes(run)) held.splice(held.indexOf(run), 1);
    };
    const run: Held = {
      ...execution,
      finish(outcome = {}) {
        leave();
        ended.resolve({ ended: "succeeded", reason: "exit code 0", ...outcome });
        return waitUntilIdle();
      },
    };
    execution.signal.addEventListener("abort", () => {
      leave();
      ended.resolve(stopped(execution.signal.reason as StopReason));
    });
    held.push(run);
    return ended.promise;
  };
  try {
    await body({
      store,
      ledger,
      set,
      log,
      clock,
      held,
      pass: (ms) => void (clock.now += ms),
      leaseTime,
      async scheduler(options = {}) {
        const scheduler = createScheduler({
          ...set,
          ledger: openLedger(store, now),
          runtime: { now, log: createLogger((line) => log.push(line)) },
          execute,
          owner: "here:1",
          random: () => 0.5,
          leaseClock,
          ...options,
        });
        await scheduler.begin();
        await scheduler.round();
        return scheduler;
      },
      async runs(job = set.jobs[0]!.name) {
        return (await ledger.runs(job, new Date(0), new Date("9999-01-01"))).map((run) =>
          `${run.scheduledFor.slice(11, 16)} ${shownStatus(run)}`
        );
      },
    });
  } finally {
    await waitUntilIdle();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Until what was said in this process has been written down. */
export const waitUntilIdle = quiet;
