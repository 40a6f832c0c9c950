import { nextDue, previousDue } from "../cron.ts";
import type { Job } from "../job.ts";
import type { Control, Ledger } from "../ledger/ledger.ts";
import { CLOCK_TOLERANCE_MS, retryAt, shortTime, type Slot, type Trigger } from "../run.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { dayOf } from "../ledger/keys.ts";

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
interface Circumstances {
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
function enterSlot(job: Job, { slot, interval, next }: DueTime, circumstances: Circumstances): Slot {
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

interface PlannerOptions {
  ledger: Ledger;
  runtime: Pick<Runtime, "now" | "log">;
  /** A slot that is older when it is first seen was missed, in milliseconds. */
  graceMs: number;
  /** When snapshots of the lake were published after a time, the oldest first. */
  publishedSince: (since: Date) => Promise<Date[]>;
}

/** Enters what is due. */
interface Planner {
  /** Enters all slots of a job that are due by now. @returns whether there were any. */
  plan(job: Job): Promise<boolean>;
  /** Up to when the slots of a job are entered, as far as this planner knows. */
  accountedUntil(job: string): string | undefined;
  /** Writes down up to when jobs are accounted for, where no start of a run did it in passing. */
  save(job: string): Promise<void>;
}

/** Slots that are entered in one step, so that years of them need little memory. */
const BATCH = 1440;

/**
 * A planner of one scheduler. How far it came with each job it keeps in memory; the ledger is told by `save`, when the
 * clock was set back, and of a job that is new.
 */
export function createPlanner(
  { ledger, runtime: { now, log }, graceMs, publishedSince }: PlannerOptions,
): Planner {
  const cursors = new Map<string, string>();

  function cursorOf(job: string): string | undefined {
    const [own, stored] = [cursors.get(job), ledger.control(job).known?.accountedUntil];
    return own === undefined || (stored !== undefined && stored > own) ? stored : own;
  }

  async function save(job: string): Promise<void> {
    const own = cursors.get(job);
    const stored = ledger.control(job).known?.accountedUntil;
    if (own === undefined || (stored !== undefined && stored >= own)) return;
    await ledger.control(job).update((value) =>
      (value.accountedUntil ?? "") >= own
        ? { result: undefined }
        : { value: { ...value, accountedUntil: own }, result: undefined }
    );
  }

  /** The first scheduler that sees a job, or sees it again, does not look back: before, there was no such job. */
  async function begin(job: string): Promise<void> {
    await ledger.control(job).update(({ removedAt, ...value }) =>
      value.accountedUntil !== undefined && removedAt === undefined
        ? { result: undefined }
        : { value: { ...value, accountedUntil: now().toISOString() }, result: undefined }
    );
  }

  async function enter(job: Job, due: DueTime[], trigger: "schedule" | "snapshot"): Promise<void> {
    if (job.overlap === "skip") await ledger.refresh(job.name);
    const paused = ledger.control(job.name).known?.paused;
    let open = ledger.openSlots(job.name).find(holdsUp);
    const slots: Slot[] = [];
    for (const time of due) {
      const slot = enterSlot(job, time, { now: now(), graceMs, paused, open, trigger });
      slots.push(slot);
      if (slot.endedAt === undefined && holdsUp(slot)) open ??= slot;
    }
    await ledger.enter(job.name, slots);
    cursors.set(job.name, slots.at(-1)!.slot);
  }

  async function snapshotDue(since: Date): Promise<DueTime[]> {
    // One of a publisher whose clock runs ahead is due when its time has come.
    const published = (await publishedSince(since)).filter((time) => time <= now());
    return published.map((slot, i) => ({
      slot,
      interval: { from: published[i - 1] ?? since, to: slot },
      next: published[i + 1],
    }));
  }

  /**
   * Slots beyond the present were entered by a clock that ran ahead. What never ran of them is taken back, so that it
   * is run when it is due; what runs just now, or was asked for by somebody, stays.
   */
  async function withdraw(job: string, ahead: string): Promise<void> {
    const present = now().toISOString();
    const days = new Set([dayOf(ahead)]);
    for (let day = dayOf(present); day < dayOf(ahead); day = nextDay(day)) days.add(day);
    const { running } = await ledger.control(job).read();
    for (const day of days) {
      await ledger.page(job, day).retain(({ slot, attempts, trigger }) =>
        slot <= present || attempts.length > 0 || slot === running?.slot || trigger === "manual"
      );
    }
    cursors.delete(job);
    await ledger.control(job).update((value) => ({
      value: { ...value, accountedUntil: present },
      result: undefined,
    }));
    log.warn(
      `${job}: the clock was set back from ${shortTime(ahead)} or later; slots from ${
        shortTime(present)
      } on ` +
        "are due again unless they ran",
    );
  }

  return {
    async plan(job) {
      const isNew = cursorOf(job.name) === undefined ||
        ledger.control(job.name).known?.removedAt !== undefined;
      if (isNew) await begin(job.name);
      const cursor = new Date(cursorOf(job.name)!);
      if (cursor.getTime() > now().getTime() + CLOCK_TOLERANCE_MS) {
        await withdraw(job.name, cursor.toISOString());
        return true;
      }
      const trigger = "on" in job.schedule ? "snapshot" : "schedule";
      let entered = false;
      for (let from = cursor;;) {
        const due = trigger === "snapshot" ? await snapshotDue(from) : dueTimes(job, from, now(), BATCH);
        if (due.length === 0) return entered;
        await enter(job, due, trigger);
        entered = true;
        from = due.at(-1)!.slot;
      }
    },
    accountedUntil: cursorOf,
    save,
  };
}

/** The past that is made up for, which may take long, waits its turn; because of it nothing is skipped. */
const holdsUp = ({ trigger }: Slot) => trigger !== "catch-up" && trigger !== "backfill";

const nextDay = (day: string) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
