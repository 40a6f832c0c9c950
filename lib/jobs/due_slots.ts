import { nextDue, previousDue } from "./cron_expression.ts";
import type { Job } from "./job.ts";
import type { Control } from "./ledger.ts";
import { shortTime } from "./run_name.ts";
import type { Slot, Trigger } from "./slot.ts";

/** A time at which a job is due, with the data it is about. */
export interface DueTime {
  slot: Date;
  interval: { from: Date; to: Date };
  /** The next one after it, undefined when there is none yet. */
  next: Date | undefined;
}

/** When a cron job was due after `from` (exclusive) up to `to` (inclusive), at most `limit` times. */
export function dueTimes(job: Job, from: Date, to: Date, limit = Infinity): DueTime[] {
  if ("on" in job.schedule) return [];
  const found: DueTime[] = [];
  let before: Date | undefined;
  let slot = nextDue(job.schedule, from);
  while (slot !== undefined && slot <= to && found.length < limit) {
    const next = nextDue(job.schedule, slot);
    before ??= previousDue(job.schedule, slot) ?? slot;
    found.push({ slot, interval: { from: before, to: slot }, next });
    before = slot;
    slot = next;
  }
  return found;
}

/** What a due time is judged by when it is entered. */
export interface Circumstances {
  now: Date;
  /** A slot that is older when a scheduler first sees it was missed. */
  graceMs: number;
  paused: Control["paused"];
  /** An open slot of the job that the policy of overlaps is about. */
  open: Slot | undefined;
  /** What the slot comes from. */
  trigger: Extract<Trigger, "schedule" | "snapshot">;
}

/** The ledger's entry for a time that is due, by the job's policies. */
export function enterSlot(job: Job, { slot, interval, next }: DueTime, circumstances: Circumstances): Slot {
  const { now, graceMs, paused, open, trigger } = circumstances;
  const entry = (status: Slot["status"], reason: string, why: Trigger = trigger): Slot => ({
    job: job.name,
    slot: slot.toISOString(),
    trigger: why,
    interval: { from: interval.from.toISOString(), to: interval.to.toISOString() },
    status,
    reason,
    enteredAt: now.toISOString(),
    stepsDone: [],
    attempts: [],
    ...(status === "waiting" || status === "queued" ? {} : { endedAt: now.toISOString() }),
  });
  if (paused !== undefined) {
    const why = paused.reason === undefined ? "" : `: ${paused.reason}`;
    return entry("skipped", `the job was paused by ${paused.by} at ${shortTime(paused.at)}${why}`);
  }
  const state = job.after.length > 0 ? "waiting" : "queued";
  const toRun = job.after.length > 0 ? `waits for ${job.after.join(", ")}` : "to be started";
  const age = now.getTime() - slot.getTime();
  if (age > graceMs) {
    const absent = "no scheduler ran when it was due";
    const { run, maxAgeMinutes } = job.missed;
    if (run === "none") return entry("missed", `${absent}, and the job does not catch up`);
    if (age > maxAgeMinutes * 60_000) {
      return entry("missed", `${absent}, and it is older than ${maxAgeMinutes} minutes`);
    }
    if (run === "last" && next !== undefined && next <= now) {
      return entry("missed", `${absent}, and a later slot stands for it`);
    }
    return entry(state, `${absent}; ${toRun}`, "catch-up");
  }
  if (job.overlap === "skip" && open !== undefined) {
    return entry("skipped", `the slot ${shortTime(open.slot)} was still ${open.status}`);
  }
  if (job.overlap === "skip" && trigger === "snapshot" && next !== undefined) {
    return entry(
      "replaced",
      `the snapshot of ${shortTime(next.toISOString())} was published before it was run`,
    );
  }
  return entry(state, toRun);
}
