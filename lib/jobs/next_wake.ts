import { nextDue } from "./cron_expression.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { retryAt } from "./outcome.ts";

/**
 * When something is to be done, if nothing happens before: a slot that is due, or a retry whose wait is over.
 *
 * @param accountedUntil Up to when the slots of a job are entered; what is due before that is done.
 */
export function nextWake(
  jobs: readonly Job[],
  ledger: Ledger,
  accountedUntil: (job: string) => string | undefined,
  now: Date,
): Date | undefined {
  const times = jobs.flatMap((job) => {
    const { name, schedule } = job;
    const cursor = accountedUntil(name);
    const due = "on" in schedule || cursor === undefined ? undefined : nextDue(schedule, new Date(cursor));
    const retries = ledger.openSlots(name).flatMap((slot) => retryAt(job, slot, now) ?? []);
    return due === undefined ? retries : [due, ...retries];
  });
  return times.filter((time) => time > now).sort((a, b) => a.getTime() - b.getTime())[0];
}
