import { z } from "@hono/zod-openapi";
import {
  FINAL_STATUSES,
  type Job,
  OPEN_STATUSES,
  parseTime,
  type Run,
  type RunName,
} from "shopflow/jobs/mod.ts";
import type { KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import type { JobHistory } from "../state/jobs_reader.ts";
import { dueNext, scheduleInWords } from "../pages/jobs/wording.ts";

/** The run that the OpenAPI document shows. */
export const EXAMPLE_RUN: RunName = { job: "refresh-data", scheduledFor: "2024-10-02T03:05:00.000Z" };

const A_TIME = "a time with its zone such as 2024-10-02T03:05Z, or a date, which begins at midnight UTC";

/** A time in a request, as a Date. */
export const Time = z.string(A_TIME).refine((text) => parseTime(text) !== undefined, A_TIME)
  .transform((text) => parseTime(text)!);

const Status = z.enum([...OPEN_STATUSES, ...FINAL_STATUSES]);

const Asked = z.object({ by: z.string(), at: z.string() });

/** A run in answers; times are ISO, UTC. */
export const RunSchema = z.object({
  job: z.string(),
  scheduled_for: z.string().openapi({ description: "The time the run is scheduled for, UTC" }),
  status: Status,
  sla_missed: z.boolean().openapi({ description: "It succeeded, but after the SLA of its job" }),
  reason: z.string().openapi({ description: "Why it has this status" }),
  trigger: z.enum(["schedule", "catch-up", "snapshot", "manual", "backfill"]),
  data_interval: z.object({ start: z.string(), end: z.string() }).openapi({
    description: "The run's data: start (inclusive) to end (exclusive)",
  }),
  planned_at: z.string(),
  ended_at: z.string().nullable(),
  not_before: z.string().nullable().openapi({ description: "When a retry may start" }),
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
    description: "Dependencies that had not succeeded when the run was triggered",
  }),
  cancelled_by: Asked.nullable(),
});

/** A job in answers, with its last run. */
export const JobSchema = z.object({
  name: z.string(),
  description: z.string(),
  owner: z.string(),
  schedule: z.object({
    cron: z.string().nullable(),
    time_zone: z.string().nullable(),
    text: z.string().openapi({ description: "In words" }),
  }),
  depends_on: z.array(z.string()).openapi({ description: "Jobs it depends on" }),
  next_due: z.string().nullable(),
  removed_at: z.string().nullable().openapi({ description: "When it was removed from the jobs" }),
  paused: Asked.extend({ reason: z.string().nullable() }).nullable(),
  last_run: RunSchema.nullable(),
  unreadable: z.array(z.string()).openapi({ description: "Days of its ledger that are unreadable" }),
});

/** A scheduler in answers. */
export const SchedulerSchema = z.object({
  owner: z.string(),
  alive: z.boolean(),
  started_at: z.string(),
  heartbeat_at: z.string().openapi({ description: "Its last heartbeat" }),
});

/** A run as answers have it: what is not known is null. */
export function runAnswer(run: Run): z.infer<typeof RunSchema> {
  return {
    job: run.job,
    scheduled_for: run.scheduledFor,
    status: run.status,
    sla_missed: run.slaMissed === true,
    reason: run.reason,
    trigger: run.trigger,
    data_interval: run.dataInterval,
    planned_at: run.plannedAt,
    ended_at: run.endedAt ?? null,
    not_before: run.notBefore ?? null,
    steps_done: run.stepsDone,
    attempts: run.attempts.map((attempt) => ({
      number: attempt.number,
      owner: attempt.owner,
      started_at: attempt.startedAt,
      finished_at: attempt.finishedAt ?? null,
      ended: attempt.ended ?? null,
      reason: attempt.reason ?? null,
      exit_code: attempt.exitCode ?? null,
      peak_bytes: attempt.peakBytes ?? null,
    })),
    requested_by: run.requestedBy ?? null,
    unmet_dependencies: run.unmet ?? [],
    cancelled_by: run.cancelledBy ?? null,
  };
}

/**
 * A job as answers have it.
 *
 * @param now When it is asked: its next due time comes after it.
 */
export function jobAnswer(
  { job, removedAt, paused, runs, unreadable }: JobHistory,
  now: Date,
): z.infer<typeof JobSchema> {
  const last = runs.at(-1);
  return {
    name: job.name,
    description: job.description,
    owner: job.owner,
    schedule: scheduleAnswer(job),
    depends_on: job.dependsOn,
    next_due: removedAt === undefined ? dueNext(job, now)?.toISOString() ?? null : null,
    removed_at: removedAt ?? null,
    paused: paused === undefined ? null : { by: paused.by, at: paused.at, reason: paused.reason ?? null },
    last_run: last === undefined ? null : runAnswer(last),
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
  { owner, alive, startedAt, heartbeatAt }: KnownScheduler,
): z.infer<typeof SchedulerSchema> {
  return { owner, alive, started_at: startedAt, heartbeat_at: heartbeatAt };
}
