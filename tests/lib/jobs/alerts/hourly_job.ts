import { DEFAULTS } from "../../../../lib/jobs/job.ts";
import type { Job, Slot } from "shopflow/jobs/mod.ts";

/** A job of every hour whose slots should have succeeded half an hour after they were due. */
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

/** The slot of an hour that succeeded after 10 minutes, or what `change` makes of it. */
export function slotAt(hour: string, change: Partial<Slot> = {}): Slot {
  const due = at(hour);
  return {
    job: JOB.name,
    slot: due.toISOString(),
    trigger: "schedule",
    interval: { from: new Date(due.getTime() - 3_600_000).toISOString(), to: due.toISOString() },
    status: "succeeded",
    reason: "all steps are done",
    enteredAt: due.toISOString(),
    stepsDone: [],
    attempts: [],
    endedAt: new Date(due.getTime() + 600_000).toISOString(),
    ...change,
  };
}

export const failedAt = (hour: string, change: Partial<Slot> = {}): Slot =>
  slotAt(hour, { status: "failed", reason: "extract ended with exit code 1", ...change });

export const openAt = (hour: string, change: Partial<Slot> = {}): Slot => {
  const { endedAt: _, ...slot } = slotAt(hour, { status: "queued", reason: "to be started" });
  return { ...slot, ...change };
};
