import { z } from "@hono/zod-openapi";
import {
  FINAL_STATUSES,
  type Job,
  OPEN_STATUSES,
  parseTime,
  type RunName,
  type Slot,
} from "shopflow/jobs/mod.ts";
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import type { JobState } from "../state/job_board.ts";
import { dueNext, scheduleInWords } from "../pages/jobs/wording.ts";

/** The run that the OpenAPI document shows. */
export const EXAMPLE_RUN: RunName = { job: "refresh-data", slot: "2024-10-02T03:05:00.000Z" };

const A_TIME = "a time with its zone such as 2024-10-02T03:05Z, or a date, which begins at midnight UTC";

/** A time in a request, as a Date. */
export const Time = z.string(A_TIME).refine((text) => parseTime(text) !== undefined, A_TIME)
  .transform((text) => parseTime(text)!);

const Status = z.enum([...OPEN_STATUSES, ...FINAL_STATUSES]);

const Asked = z.object({ by: z.string(), at: z.string() });

/** A slot in answers; times are ISO, UTC. */
export const SlotSchema = z.object({
  job: z.string(),
  slot: z.string().openapi({ description: "The time it stands for: when it was due, UTC" }),
  status: Status,
  reason: z.string().openapi({ description: "Why it is so" }),
  trigger: z.enum(["schedule", "catch-up", "snapshot", "manual", "backfill"]),
  interval: z.object({ from: z.string(), to: z.string() }).openapi({
    description: "The data it is about: from (inclusive) to (exclusive)",
  }),
  entered_at: z.string(),
  ended_at: z.string().nullable(),
  not_before: z.string().nullable().openapi({ description: "The end of a retry's wait" }),
  steps_done: z.array(z.string()),
  attempts: z.array(z.object({
    number: z.number(),
    owner: z.string().openapi({ description: "Host and process of the scheduler" }),
    started_at: z.string(),
    finished_at: z.string().nullable(),
    ended: z.string().nullable(),
    reason: z.string().nullable(),
    exit_code: z.number().nullable(),
    peak_bytes: z.number().nullable(),
  })),
  requested_by: Asked.nullable(),
  unmet_dependencies: z.array(z.string()).openapi({
    description: "What it depends on and had not succeeded when a person asked for it",
  }),
  cancelled_by: Asked.nullable(),
});

/** A job in answers, with its last slot. */
export const JobSchema = z.object({
  name: z.string(),
  description: z.string(),
  owner: z.string(),
  schedule: z.object({
    cron: z.string().nullable(),
    time_zone: z.string().nullable(),
    text: z.string().openapi({ description: "In words" }),
  }),
  after: z.array(z.string()).openapi({ description: "Jobs it depends on" }),
  next_due: z.string().nullable(),
  removed_at: z.string().nullable().openapi({ description: "When it was taken out of the jobs" }),
  paused: Asked.extend({ reason: z.string().nullable() }).nullable(),
  last_slot: SlotSchema.nullable(),
  unreadable: z.array(z.string()).openapi({ description: "Days of its ledger that cannot be read" }),
});

/** A scheduler in answers. */
export const SchedulerSchema = z.object({
  owner: z.string(),
  alive: z.boolean(),
  started_at: z.string(),
  beat_at: z.string().openapi({ description: "When it last said that it lives" }),
});

/** A slot as answers have it: what is not known is null. */
export function slotAnswer(slot: Slot): z.infer<typeof SlotSchema> {
  return {
    job: slot.job,
    slot: slot.slot,
    status: slot.status,
    reason: slot.reason,
    trigger: slot.trigger,
    interval: slot.interval,
    entered_at: slot.enteredAt,
    ended_at: slot.endedAt ?? null,
    not_before: slot.notBefore ?? null,
    steps_done: slot.stepsDone,
    attempts: slot.attempts.map((attempt) => ({
      number: attempt.number,
      owner: attempt.owner,
      started_at: attempt.startedAt,
      finished_at: attempt.finishedAt ?? null,
      ended: attempt.ended ?? null,
      reason: attempt.reason ?? null,
      exit_code: attempt.exitCode ?? null,
      peak_bytes: attempt.peakBytes ?? null,
    })),
    requested_by: slot.requestedBy ?? null,
    unmet_dependencies: slot.unmet ?? [],
    cancelled_by: slot.cancelledBy ?? null,
  };
}

/**
 * A job as answers have it.
 *
 * @param now When it is asked: its next due time comes after it.
 */
export function jobAnswer(
  { job, removedAt, paused, slots, unreadable }: JobState,
  now: Date,
): z.infer<typeof JobSchema> {
  const last = slots.at(-1);
  return {
    name: job.name,
    description: job.description,
    owner: job.owner,
    schedule: scheduleAnswer(job),
    after: job.after,
    next_due: removedAt === undefined ? dueNext(job, now)?.toISOString() ?? null : null,
    removed_at: removedAt ?? null,
    paused: paused === undefined ? null : { by: paused.by, at: paused.at, reason: paused.reason ?? null },
    last_slot: last === undefined ? null : slotAnswer(last),
    unreadable,
  };
}

function scheduleAnswer(job: Job) {
  const text = scheduleInWords(job);
  return "on" in job.schedule
    ? { cron: null, time_zone: null, text }
    : { cron: job.schedule.cron, time_zone: job.schedule.timeZone, text };
}

/** A scheduler as answers have it. */
export function schedulerAnswer(
  { owner, alive, startedAt, beatAt }: KnownScheduler,
): z.infer<typeof SchedulerSchema> {
  return { owner, alive, started_at: startedAt, beat_at: beatAt };
}
