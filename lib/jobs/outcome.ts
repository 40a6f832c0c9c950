import type { Random } from "shopflow/runtime/mod.ts";
import type { Job, Retries } from "./job.ts";
import { shortTime } from "./run_name.ts";
import type { Attempt, Slot } from "./slot.ts";

/** How a try of a run ended, as its executor says it. */
export type Outcome =
  & Required<Pick<Attempt, "ended" | "reason">>
  & Pick<Attempt, "exitCode" | "peakBytes">;

/** How often a run may lose its scheduler before it is taken for what kills schedulers. */
const MOST_LOST = 5;

/**
 * The slot after a try of it; undefined when the slot has ended or the try was taken away from who ran it: then what
 * it came to does not count.
 */
export function afterAttempt(
  job: Job,
  slot: Slot,
  attempt: Attempt,
  { now, random }: { now: Date; random: Random },
): Slot | undefined {
  if (slot.endedAt !== undefined || slot.attempts.some(({ number }) => number >= attempt.number)) {
    return undefined;
  }
  const tried: Slot = { ...slot, attempts: [...slot.attempts, attempt] };
  delete tried.notBefore;
  const reason = attempt.reason!;
  const end = (status: Slot["status"], why = reason): Slot => ({
    ...tried,
    status,
    reason: why,
    endedAt: now.toISOString(),
  });
  switch (attempt.ended!) {
    case "succeeded":
      return isLate(job, slot, now)
        ? end("late", `${reason}, but more than ${job.slaMinutes} minutes after it was due`)
        : end("succeeded");
    case "cancelled":
      return end("failed", slot.cancelledBy ? `cancelled by ${slot.cancelledBy.by}` : reason);
    case "replaced":
      return end("replaced");
    case "handed over":
      return { ...tried, status: "queued", reason };
    case "lost": {
      const lost = since(tried).filter(({ ended }) => ended === "lost").length;
      if (slot.cancelledBy !== undefined) return end("failed", `cancelled by ${slot.cancelledBy.by}`);
      return lost < MOST_LOST
        ? { ...tried, status: "queued", reason }
        : end("failed", `${lost} schedulers died while they ran it; the last one: ${reason}`);
    }
    case "failed":
    case "timed out": {
      const failures = since(tried).filter(({ ended }) => ended === "failed" || ended === "timed out").length;
      if (failures > job.retries.most) return end("failed");
      const notBefore = new Date(now.getTime() + retryDelayMs(job.retries, failures, random)).toISOString();
      return {
        ...tried,
        status: "queued",
        notBefore,
        reason: `${reason}; retry ${failures} of ${job.retries.most} at ${shortTime(notBefore)}`,
      };
    }
  }
}

/** The tries since a person asked for the run the last time. */
const since = ({ attempts, requestedBy }: Slot) =>
  attempts.filter(({ startedAt }) => requestedBy === undefined || startedAt >= requestedBy.at);

/** Whether a slot that succeeds at `now` does so after its SLA. Runs that people ask for have none. */
export function isLate(job: Pick<Job, "slaMinutes">, { slot, trigger }: Slot, now: Date): boolean {
  return job.slaMinutes !== undefined && trigger !== "manual" && trigger !== "backfill" &&
    now.getTime() > Date.parse(slot) + job.slaMinutes * 60_000;
}

/** Exponential backoff, of which half is left to chance: those that failed together don't return together. */
function retryDelayMs(
  { firstDelaySeconds, maxDelaySeconds }: Retries,
  failures: number,
  random: Random,
): number {
  const longest = Math.min(firstDelaySeconds * 2 ** (failures - 1), maxDelaySeconds) * 1000;
  return Math.round(longest * (0.5 + 0.5 * random()));
}

/** So much the clocks of schedulers may differ, which nobody needs to hear of. */
export const CLOCK_TOLERANCE_MS = 2 * 60 * 1000;

/**
 * When the next try of a slot is due, if it has to wait for it. A time that is further away than any wait of the job
 * was written by a clock that ran ahead, and counts for nothing.
 */
export function retryAt({ retries }: Job, { notBefore }: Slot, now: Date): Date | undefined {
  if (notBefore === undefined) return undefined;
  const wait = Date.parse(notBefore) - now.getTime();
  return wait > 0 && wait <= retries.maxDelaySeconds * 1000 + CLOCK_TOLERANCE_MS
    ? new Date(notBefore)
    : undefined;
}
