import { DEFAULTS } from "../../../../lib/jobs/job.ts";
import type { Job, Run } from "shopflow/jobs/mod.ts";

/** A job of every hour whose runs should have succeeded half an hour after they were due. */
export const JOB: Job = {
  ...DEFAULTS,
  name: "refresh-data",
  description: "copy the sources",
  owner: "data-team@example.com",
  schedule: { cron: "0 * * * *", timeZone: "UTC" },
  steps: [{ pipeline: "extract" }],
  slaMinutes: 30,
};

/** A time of 2 October 2024, e.g. `at("09:10")`. */
export const at = (time: string): Date => new Date(`2024-10-02T${time}:00Z`);

/** The run of an hour that succeeded after 10 minutes, or what `change` makes of it. */
export function runAt(hour: string, change: Partial<Run> = {}): Run {
  const due = at(hour);
  return {
    job: JOB.name,
    scheduledFor: due.toISOString(),
    trigger: "schedule",
    dataInterval: { start: new Date(due.getTime() - 3_600_000).toISOString(), end: due.toISOString() },
    status: "succeeded",
    reason: "all steps are done",
    plannedAt: due.toISOString(),
    stepsDone: [],
    attempts: [],
    endedAt: new Date(due.getTime() + 600_000).toISOString(),
    ...change,
  };
}

export const failedAt = (hour: string, change: Partial<Run> = {}): Run =>
  runAt(hour, { status: "failed", reason: "extract ended with exit code 1", ...change });

export const openAt = (hour: string, change: Partial<Run> = {}): Run => {
  const { endedAt: _, ...run } = runAt(hour, { status: "queued", reason: "ready to start" });
  return { ...run, ...change };
};
