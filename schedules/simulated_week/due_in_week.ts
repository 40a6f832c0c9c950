import { type Job, nextDue } from "shopflow/jobs/mod.ts";

/** The times at which a cron job is due after the beginning of a week, up to its end; by the cron expression alone. */
export function dueInWeek({ schedule }: Job, { from, to }: { from: Date; to: Date }): Date[] {
  if ("on" in schedule) return [];
  const times: Date[] = [];
  for (let time = nextDue(schedule, from); time !== undefined && time <= to; time = nextDue(schedule, time)) {
    times.push(time);
  }
  return times;
}
