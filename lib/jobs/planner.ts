import type { Runtime } from "shopflow/runtime/mod.ts";
import { type DueTime, dueTimes, enterSlot } from "./due_slots.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { dayOf } from "./ledger_keys.ts";
import { CLOCK_TOLERANCE_MS } from "./outcome.ts";
import { shortTime } from "./run_name.ts";
import type { Slot } from "./slot.ts";

export interface PlannerOptions {
  ledger: Ledger;
  runtime: Pick<Runtime, "now" | "log">;
  /** A slot that is older when it is first seen was missed, in milliseconds. */
  graceMs: number;
  /** When snapshots of the lake were published after a time, the oldest first. */
  publishedSince: (since: Date) => Promise<Date[]>;
}

/** Enters what is due. */
export interface Planner {
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
