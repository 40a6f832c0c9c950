import { type Attempt, defineJobs, type Job, type JobSet, type Run } from "shopflow/jobs/mod.ts";
import { openLedger, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { dueTimes } from "../../lib/jobs/scheduler/due.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import { takeSchedulerLease } from "../../lib/jobs/scheduler/lease.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** Jobs of every kind: hourly, every quarter of an hour, nightly, weekly in a time zone, with each snapshot. */
export const SMALL_SCHEDULE: JobSet = defineJobs(
  [
    {
      name: "refresh-data",
      description: "copy the sources and publish a new snapshot of the star schema",
      owner: "data-engineering",
      schedule: { cron: "5 * * * *" },
      steps: [{ pipeline: "extract" }, { pipeline: "transform" }],
      timeoutMinutes: 50,
      slaMinutes: 30,
    },
    {
      name: "watch-stock",
      description: "look for products that run out before their next delivery",
      owner: "inventory",
      schedule: { cron: "*/15 6-20 * * MON-FRI", timeZone: "Europe/Berlin" },
      steps: [{ pipeline: "score" }],
      overlap: "replace",
      catchup: { runs: "none" },
    },
    {
      name: "train-models",
      description: "train challengers on the newest snapshot and promote those that win",
      owner: "data-science",
      schedule: { cron: "20 1 * * *" },
      steps: [{ pipeline: "train" }],
      dependsOn: ["refresh-data"],
      timeoutMinutes: 120,
      retries: { limit: 1 },
    },
    {
      name: "score-customers",
      description: "score customers and products and plan the inventory of the day",
      owner: "data-science",
      schedule: { cron: "30 4 * * *" },
      steps: [{ pipeline: "score" }],
      dependsOn: ["train-models"],
      slaMinutes: 90,
    },
    {
      name: "weekly-reports",
      description: "publish the reports of the week for the stakeholders",
      owner: "marketing",
      schedule: { cron: "0 7 * * MON", timeZone: "Europe/Berlin" },
      steps: [{ pipeline: "publish" }],
      dependsOn: ["score-customers"],
    },
    {
      name: "check-data",
      description: "test each new snapshot against the expectations of its owners",
      owner: "data-engineering",
      schedule: { on: "snapshot" },
      steps: [{ notebook: "notebooks/data_quality.ipynb" }],
    },
  ],
  { default: Infinity, heavy: 1 },
  {
    pipelines: ["extract", "transform", "train", "score", "publish"],
    notebooks: ["notebooks/data_quality.ipynb"],
    channels: ["operations"],
  },
);

/** A run that a scheduler has not started yet. */
export const QUEUED_RUN: Run = {
  job: "refresh-data",
  scheduledFor: "2024-10-02T05:05:00.000Z",
  trigger: "schedule",
  dataInterval: { start: "2024-10-02T04:05:00.000Z", end: "2024-10-02T05:05:00.000Z" },
  status: "queued",
  reason: "ready to start",
  plannedAt: "2024-10-02T05:05:01.000Z",
  stepsDone: [],
  attempts: [],
};

const DAY_MS = 24 * 60 * 60 * 1000;
const OWNER = "worker-1:4242";

/** Writes down the jobs, as a scheduler does when it begins. */
export async function saveSmallSchedule(store: ObjectStore, now: Date): Promise<void> {
  await saveDefinitions(store, SMALL_SCHEDULE, now);
}

/** Enters all runs of the last `days`: mostly successes, now and then each other thing. */
export async function fillLedger(store: ObjectStore, now: Date, days = 40): Promise<void> {
  const ledger = openLedger(store, () => now);
  const from = new Date(now.getTime() - days * DAY_MS);
  for (const [number, job] of SMALL_SCHEDULE.jobs.entries()) {
    const times = "on" in job.schedule
      ? dueTimes(SMALL_SCHEDULE.jobs[0]!, from, now).filter((_, i) => i % 8 === 0)
      : dueTimes(job, from, now);
    const runs = times.map(({ scheduledFor, dataInterval }, i) =>
      endedRun(
        job,
        { scheduledFor: scheduledFor.toISOString(), start: dataInterval.start.toISOString() },
        i * 17 + number * 7,
      )
    );
    await ledger.enqueue(job.name, runs);
  }
}

/** A run that has ended; `seed` decides how. */
export function endedRun(
  job: Job,
  { scheduledFor, start }: { scheduledFor: string; start: string },
  seed: number,
): Run {
  const tries = [attempt(1, scheduledFor, 60_000 + (seed * 7919) % 240_000)];
  const base = {
    job: job.name,
    scheduledFor,
    trigger: "on" in job.schedule ? "snapshot" as const : "schedule" as const,
    dataInterval: { start, end: scheduledFor },
    plannedAt: scheduledFor,
    stepsDone: job.steps.map((step) => "pipeline" in step ? step.pipeline : "data_quality"),
    endedAt: tries[0]!.finishedAt!,
  };
  switch (seed % 61) {
    case 7:
    case 52:
      return {
        ...base,
        status: "failed",
        reason: "step transform ended with exit code 1: Binder Error: column order_total not found",
        stepsDone: base.stepsDone.slice(0, -1),
        attempts: failedAttempts(scheduledFor),
      };
    case 20:
      return {
        ...base,
        status: "succeeded",
        slaMissed: true,
        reason: "succeeded, but more than 30 minutes after it was due",
        attempts: tries,
      };
    case 33:
      return {
        ...base,
        status: "skipped",
        reason: "the run before was still running",
        attempts: [],
        stepsDone: [],
      };
    case 46:
      return {
        ...base,
        status: "missed",
        reason: "no scheduler ran when it was due, and a later run covers it",
        attempts: [],
        stepsDone: [],
      };
    case 59:
      return { ...base, status: "superseded", reason: "a later run took its place", attempts: tries };
    default:
      return { ...base, status: "succeeded", reason: "all steps are done", attempts: tries };
  }
}

function attempt(number: number, startedAt: string, ms: number): Attempt {
  return {
    number,
    owner: OWNER,
    startedAt,
    finishedAt: new Date(Date.parse(startedAt) + ms).toISOString(),
    ended: "succeeded",
    reason: "all steps are done",
    exitCode: 0,
    peakBytes: 412_000_000 + number * 7_000_000,
  };
}

function failedAttempts(scheduledFor: string): Attempt[] {
  return [1, 2, 3].map((number) => ({
    ...attempt(
      number,
      new Date(Date.parse(scheduledFor) + number * 90_000).toISOString(),
      31_000 + number * 800,
    ),
    ended: "failed",
    reason: "step transform ended with exit code 1: Binder Error: column order_total not found",
    exitCode: 1,
  }));
}

/** Puts a run in the ledger as it is, in the place of the one that is there. */
export async function putRun(store: ObjectStore, run: Run): Promise<void> {
  const ledger = openLedger(store, () => new Date(run.plannedAt));
  await ledger.enqueue(run.job, [run]);
  await ledger.change(run, () => run);
}

/** Says that a scheduler lives. */
export async function liveScheduler(store: ObjectStore, now: Date, owner = OWNER): Promise<void> {
  await takeSchedulerLease(store, { id: owner.replace(":", "-"), owner, leaseMs: 30_000, now: () => now });
}

/** Writes the log of an attempt. */
export async function writeLog(
  store: ObjectStore,
  run: { job: string; scheduledFor: string; attempt: number },
  lines: string[],
  now: Date,
): Promise<void> {
  const log = openRunLog(store, run, { now: () => now });
  for (const line of lines) log.write(line);
  await log.close();
}
