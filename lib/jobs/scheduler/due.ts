import { formatTime } from "shopflow/runtime/mod.ts";
import { nextDue, previousDue } from "../cron.ts";
import type { Job } from "../job.ts";
import type { JobState, Ledger } from "../ledger/ledger.ts";
import { CLOCK_SKEW_MS, formatRunName, retryAt, type Run, type Trigger } from "../run.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** A time at which a job is due, with the data it is about. */
export interface DueTime {
  scheduledFor: Date;
  dataInterval: { start: Date; end: Date };
  /** The next one after it, undefined when there is none yet. */
  next: Date | undefined;
}

/** When a cron job was due after `from` (exclusive) up to `to` (inclusive), at most `limit` times. */
export function dueTimes(job: Job, from: Date, to: Date, limit = Infinity): DueTime[] {
  if ("on" in job.schedule) return [];
  const found: DueTime[] = [];
  let before: Date | undefined;
  let scheduledFor = nextDue(job.schedule, from);
  while (scheduledFor !== undefined && scheduledFor <= to && found.length < limit) {
    const next = nextDue(job.schedule, scheduledFor);
    before ??= previousDue(job.schedule, scheduledFor) ?? scheduledFor;
    found.push({ scheduledFor, dataInterval: { start: before, end: scheduledFor }, next });
    before = scheduledFor;
    scheduledFor = next;
  }
  return found;
}

/** What a due time is judged by when it is entered. */
interface Circumstances {
  now: Date;
  /** A run that is older when a scheduler first sees it was missed. */
  missedAfterMs: number;
  paused: JobState["paused"];
  /** An open run of the job that the policy of overlaps is about. */
  open: Run | undefined;
  /** What the run comes from. */
  trigger: Extract<Trigger, "schedule" | "snapshot">;
}

/** The ledger's entry for a time that is due, by the job's policies. */
function planRun(job: Job, { scheduledFor, dataInterval, next }: DueTime, circumstances: Circumstances): Run {
  const { now, missedAfterMs, paused, open, trigger } = circumstances;
  const entry = (status: Run["status"], reason: string, why: Trigger = trigger): Run => ({
    job: job.name,
    scheduledFor: scheduledFor.toISOString(),
    trigger: why,
    dataInterval: { start: dataInterval.start.toISOString(), end: dataInterval.end.toISOString() },
    status,
    reason,
    plannedAt: now.toISOString(),
    stepsDone: [],
    attempts: [],
    ...(status === "waiting" || status === "queued" ? {} : { endedAt: now.toISOString() }),
  });
  if (paused !== undefined) {
    const why = paused.reason === undefined ? "" : `: ${paused.reason}`;
    return entry("skipped", `the job was paused by ${paused.by} at ${formatTime(paused.at)}${why}`);
  }
  const state = job.dependsOn.length > 0 ? "waiting" : "queued";
  const toRun = job.dependsOn.length > 0 ? `waits for ${job.dependsOn.join(", ")}` : "ready to start";
  const age = now.getTime() - scheduledFor.getTime();
  if (age > missedAfterMs) {
    const absent = "no scheduler ran when it was due";
    const { maxAgeMinutes } = job.catchup;
    if (job.catchup.runs === "none") return entry("missed", `${absent}, and the job does not catch up`);
    if (age > maxAgeMinutes * 60_000) {
      return entry("missed", `${absent}, and it is older than ${maxAgeMinutes} minutes`);
    }
    if (job.catchup.runs === "latest" && next !== undefined && next <= now) {
      return entry("missed", `${absent}, and a later run covers it`);
    }
    return entry(state, `${absent}; ${toRun}`, "catch-up");
  }
  if (job.overlap === "skip" && open !== undefined) {
    return entry("skipped", `${formatRunName(open)} was still ${open.status}`);
  }
  if (job.overlap === "skip" && trigger === "snapshot" && next !== undefined) {
    return entry(
      "superseded",
      `the snapshot of ${formatTime(next.toISOString())} was published before it was run`,
    );
  }
  return entry(state, toRun);
}

/**
 * When something is to be done, if nothing happens before: a run that is due, or a retry whose wait is over.
 *
 * @param plannedUntil Up to when the runs of a job are entered; what is due before that is done.
 */
export function nextWake(
  jobs: readonly Job[],
  ledger: Ledger,
  plannedUntil: (job: string) => string | undefined,
  now: Date,
): Date | undefined {
  const times = jobs.flatMap((job) => {
    const { name, schedule } = job;
    const cursor = plannedUntil(name);
    const due = "on" in schedule || cursor === undefined ? undefined : nextDue(schedule, new Date(cursor));
    const retries = ledger.openRuns(name).flatMap((run) => retryAt(job, run, now) ?? []);
    return due === undefined ? retries : [due, ...retries];
  });
  return times.filter((time) => time > now).sort((a, b) => a.getTime() - b.getTime())[0];
}

interface PlannerOptions {
  ledger: Ledger;
  runtime: Pick<Runtime, "now" | "log">;
  /** A run that is older when it is first seen was missed, in milliseconds. */
  missedAfterMs: number;
  /** When snapshots of the lake were published after a time, the oldest first. */
  publishedSince: (since: Date) => Promise<Date[]>;
}

/** Enters what is due. */
interface Planner {
  /** Enters all runs of a job that are due by now. @returns whether there were any. */
  plan(job: Job): Promise<boolean>;
  /** Up to when the runs of a job are entered, as far as this planner knows. */
  plannedUntil(job: string): string | undefined;
  /** Writes down up to when jobs are accounted for, where no start of a run did it in passing. */
  save(job: string): Promise<void>;
}

/** Runs that are entered in one step, so that years of them need little memory. */
const BATCH = 1440;

/**
 * A planner of one scheduler. How far it came with each job it keeps in memory; the ledger is told by `save`, when the
 * clock was set back, and of a job that is new.
 */
export function createPlanner(
  { ledger, runtime: { now, log }, missedAfterMs, publishedSince }: PlannerOptions,
): Planner {
  const cursors = new Map<string, string>();

  function cursorOf(job: string): string | undefined {
    const [own, stored] = [cursors.get(job), ledger.jobState(job).known?.plannedUntil];
    return own === undefined || (stored !== undefined && stored > own) ? stored : own;
  }

  async function save(job: string): Promise<void> {
    const own = cursors.get(job);
    const stored = ledger.jobState(job).known?.plannedUntil;
    if (own === undefined || (stored !== undefined && stored >= own)) return;
    await ledger.jobState(job).update((value) =>
      (value.plannedUntil ?? "") >= own
        ? { result: undefined }
        : { value: { ...value, plannedUntil: own }, result: undefined }
    );
  }

  /** The first scheduler that sees a job, or sees it again, does not look back: before, there was no such job. */
  async function begin(job: Job): Promise<void> {
    const present = now().toISOString();
    await ledger.jobState(job.name).update((state) => {
      const { removedAt, ...rest } = state;
      const isKnown = rest.plannedUntil !== undefined && removedAt === undefined;
      const begun = isKnown ? state : { ...rest, plannedUntil: present };
      const next = isMoreOftenThanHourly(job) ? withHourPages(begun, state, now()) : begun;
      return next === state ? { result: undefined } : { value: next, result: undefined };
    });
  }

  async function enqueue(job: Job, due: DueTime[], trigger: "schedule" | "snapshot"): Promise<void> {
    if (job.overlap === "skip") await ledger.refresh(job.name);
    const paused = ledger.jobState(job.name).known?.paused;
    let open = ledger.openRuns(job.name).find(blocksNext);
    const runs: Run[] = [];
    for (const time of due) {
      const run = planRun(job, time, { now: now(), missedAfterMs, paused, open, trigger });
      runs.push(run);
      if (run.endedAt === undefined && blocksNext(run)) open ??= run;
    }
    await ledger.enqueue(job.name, runs);
    const last = runs.at(-1);
    if (last !== undefined) cursors.set(job.name, last.scheduledFor);
  }

  async function snapshotDue(since: Date): Promise<DueTime[]> {
    // One of a publisher whose clock runs ahead is due when its time has come.
    const published = (await publishedSince(since)).filter((time) => time <= now());
    return published.map((scheduledFor, i) => ({
      scheduledFor,
      dataInterval: { start: published[i - 1] ?? since, end: scheduledFor },
      next: published[i + 1],
    }));
  }

  /**
   * Runs beyond the present were entered by a clock that ran ahead. What never ran of them is taken back, so that it
   * is run when it is due; what is running, or was requested by a person, stays.
   */
  async function withdraw(job: string, ahead: string): Promise<void> {
    const present = now().toISOString();
    const { running } = await ledger.jobState(job).read();
    await ledger.retain(
      job,
      new Date(present),
      ({ scheduledFor, attempts, trigger }) =>
        scheduledFor <= present || attempts.length > 0 || scheduledFor === running?.scheduledFor ||
        trigger === "manual",
    );
    cursors.delete(job);
    await ledger.jobState(job).update((value) => ({
      value: { ...value, plannedUntil: present },
      result: undefined,
    }));
    log.warn(
      `${job}: the clock was set back from ${formatTime(ahead)} or later; runs from ${
        formatTime(present)
      } on ` +
        "are due again unless they ran",
    );
  }

  return {
    async plan(job) {
      const state = ledger.jobState(job.name).known;
      const isNew = cursorOf(job.name) === undefined || state?.removedAt !== undefined;
      const needsHourPages = isMoreOftenThanHourly(job) && state?.hourPagesFrom === undefined;
      if (isNew || needsHourPages) await begin(job);
      const cursor = new Date(cursorOf(job.name) ?? now());
      if (cursor.getTime() > now().getTime() + CLOCK_SKEW_MS) {
        await withdraw(job.name, cursor.toISOString());
        return true;
      }
      const trigger = "on" in job.schedule ? "snapshot" : "schedule";
      let entered = false;
      for (let from = cursor;;) {
        const due = trigger === "snapshot" ? await snapshotDue(from) : dueTimes(job, from, now(), BATCH);
        const last = due.at(-1);
        if (last === undefined) return entered;
        await enqueue(job, due, trigger);
        entered = true;
        from = last.scheduledFor;
      }
    },
    plannedUntil: cursorOf,
    save,
  };
}

/** The past that is made up for, which may take long, waits its turn; because of it nothing is skipped. */
const blocksNext = ({ trigger }: Run) => trigger !== "catch-up" && trigger !== "backfill";

/** Five cron fields: one minute is hourly at most. */
const isMoreOftenThanHourly = ({ schedule }: Job): boolean =>
  !("on" in schedule) && !/^\s*\d+\s/.test(schedule.cron);

/**
 * Puts the runs of a job that is due more often than hourly on pages of an hour: all of them where it has none yet, else
 * those from the next day on, of which no run lies on a page of a day yet.
 */
function withHourPages(state: JobState, before: JobState, now: Date): JobState {
  if (state.hourPagesFrom !== undefined) return state;
  const isFirst = before.plannedUntil === undefined && Object.keys(before.activePages).length === 0;
  if (isFirst) return { ...state, hourPagesFrom: new Date(0).toISOString() };
  // A clock that ran ahead may have planned beyond the present.
  const planned = Date.parse(before.plannedUntil ?? "") || 0;
  const latest = Temporal.Instant.fromEpochMilliseconds(Math.max(now.getTime(), planned));
  const tomorrow = latest.toZonedDateTimeISO("UTC").startOfDay().add({ days: 1 });
  return { ...state, hourPagesFrom: new Date(tomorrow.epochMilliseconds).toISOString() };
}
