import { LakeError } from "shopflow/errors/mod.ts";
import prometheus from "prom-client";
import {
  type Attempt,
  FINAL_STATUSES,
  type FinalStatus,
  type FinishedAttempt,
  hasSucceeded,
  isFinal,
  isFinished,
  isLate,
  isOpen,
  OPEN_STATUSES,
  type Run,
} from "./run.ts";
import { type JobState, type Ledger, type Page, withRunning } from "./ledger/ledger.ts";
import { alertsKey, controlKey, pageIn } from "./ledger/keys.ts";
import { readJson } from "shopflow/lake/store/mod.ts";
import type { AlertState } from "./alerts/incidents.ts";
import { nextDue } from "./cron.ts";
import type { Job } from "./job.ts";
import { type KnownScheduler, listSchedulers } from "./scheduler/lease.ts";
import { seenRun } from "./scheduler/seen_runs.ts";

/**
 * Whether an object was read and makes no sense (it is not JSON, or of another shape): unlike with a lake that is not
 * reached, the other metrics can be given.
 */
const isDamage = (error: unknown): boolean =>
  error instanceof TypeError ||
  (error instanceof LakeError && (error.cause instanceof SyntaxError ||
    (error.cause !== undefined && !(error.cause instanceof Error))));

/** The metrics of all jobs; names and units follow Prometheus' conventions. */
export function metricSet() {
  const registry = new prometheus.Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new prometheus.Gauge({ name: `shopflow_${name}`, help, labelNames: labels, registers });
  const counter = (name: string, help: string, ...labels: string[]) =>
    new prometheus.Counter({ name: `shopflow_${name}`, help, labelNames: labels, registers });
  return {
    registry,
    info: gauge("job_info", "Owner of a job; always 1.", "job", "owner", "pool", "channel"),
    runs: counter("job_runs_total", "Runs that ended, by status.", "job", "status"),
    slaMissed: counter("job_sla_missed_total", "Runs that succeeded after their SLA.", "job"),
    attempts: counter("job_attempts_total", "Attempts that ended, by result.", "job", "ended"),
    openRuns: gauge("job_open_runs", "Runs that have not ended, by status.", "job", "status"),
    oldestOpen: gauge(
      "job_oldest_open_run_age_seconds",
      "Seconds since the oldest open run was due; 0 if none is open.",
      "job",
    ),
    lastEnd: gauge("job_last_end_timestamp_seconds", "Time when a run last ended, with any status.", "job"),
    lastSuccess: gauge("job_last_success_timestamp_seconds", "Time when a run last succeeded.", "job"),
    duration: gauge("job_last_run_duration_seconds", "Duration of the attempt that ended last.", "job"),
    peakMemory: gauge(
      "job_last_run_peak_memory_bytes",
      "Peak resident memory of the attempt that ended last, if known.",
      "job",
    ),
    nextDue: gauge(
      "job_next_due_timestamp_seconds",
      "Time of the next run that is not planned yet; in the past if no scheduler plans it.",
      "job",
    ),
    failing: gauge("job_failing", "1 from the first failed run until a run succeeds.", "job"),
    overdue: gauge(
      "job_sla_overdue",
      "1 from the first run that missed its SLA until a run meets it.",
      "job",
    ),
    paused: gauge("job_paused", "1 while the job is paused.", "job"),
    alertsWaiting: gauge("job_alerts_waiting", "Alerts that are not delivered yet.", "job"),
    unreadable: gauge(
      "ledger_unreadable_pages",
      "Damaged objects of the job's ledger; the other metrics leave them out.",
      "job",
    ),
    schedulers: gauge("schedulers_alive", "Schedulers with a recent heartbeat."),
    lastHeartbeat: gauge(
      "scheduler_last_heartbeat_timestamp_seconds",
      "Time when a scheduler was last alive; runs that are due are not started without one.",
    ),
  };
}

type MetricSet = ReturnType<typeof metricSet>;

/** What a page of the ledger comes to. Times are ISO, UTC. */
interface PageTotals {
  /** Runs that ended, by status. */
  ended: Partial<Record<FinalStatus, number>>;
  /** Of those that succeeded, how many did so after their SLA. */
  slaMissed: number;
  attempts: Partial<Record<NonNullable<Attempt["ended"]>, number>>;
  /** When a run ended last, and when one succeeded last. */
  lastEnd?: string | undefined;
  lastSuccess?: string | undefined;
  /** The attempt that ended last. */
  lastAttempt?: FinishedAttempt | undefined;
  /** Those that have not ended. */
  open: Run[];
}

/** What no runs at all come to. */
const NO_TOTALS: PageTotals = { ended: {}, slaMissed: 0, attempts: {}, open: [] };

/** Adds up a page. */
function pageTotals({ runs }: Page): PageTotals {
  return Object.values(runs).map(runTotals).reduce(sumOf, NO_TOTALS);
}

/** Both together. */
function sumOf(a: PageTotals, b: PageTotals): PageTotals {
  const finishedAt = (attempt?: FinishedAttempt) => attempt?.finishedAt ?? "";
  return {
    ended: added(a.ended, b.ended),
    slaMissed: a.slaMissed + b.slaMissed,
    attempts: added(a.attempts, b.attempts),
    lastEnd: later(a.lastEnd, b.lastEnd),
    lastSuccess: later(a.lastSuccess, b.lastSuccess),
    lastAttempt: finishedAt(b.lastAttempt) > finishedAt(a.lastAttempt) ? b.lastAttempt : a.lastAttempt,
    open: a.open.length === 0 ? b.open : b.open.length === 0 ? a.open : [...a.open, ...b.open],
  };
}

function runTotals(run: Run): PageTotals {
  return {
    ended: isFinal(run.status) ? { [run.status]: 1 } : {},
    slaMissed: run.slaMissed ? 1 : 0,
    attempts: run.attempts.reduce<PageTotals["attempts"]>(
      (sum, { ended }) => ended === undefined ? sum : added(sum, { [ended]: 1 }),
      {},
    ),
    lastEnd: run.endedAt,
    lastSuccess: hasSucceeded(run) ? run.endedAt : undefined,
    lastAttempt: run.attempts.findLast(isFinished),
    open: isOpen(run) ? [run] : [],
  };
}

function added<K extends string>(
  a: Partial<Record<K, number>>,
  b: Partial<Record<K, number>>,
): Partial<Record<K, number>> {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b) as [K, number][]) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

const later = (a: string | undefined, b: string | undefined) => (a ?? "") > (b ?? "") ? a : b;

/** Adds up the whole ledger of a job; pages that have not changed since the last time are not read again. */
type JobTotals = (job: string, onUnreadable: Unreadable) => Promise<PageTotals>;

/** Hears of an object of the ledger that is there and cannot be read. */
type Unreadable = (key: string, error: Error) => void;

/** A page that was written more lately may be written again without a difference in time and size. */
const STABLE_MS = 60_000;
/** Pages that are read at the same time. */
const PAGES_AT_ONCE = 16;

/**
 * Adds up the jobs of a ledger. A page that is damaged counts as what it last came to, or nothing.
 *
 * @param now Tells pages that may still be written, which are read again every time.
 */
function jobTotals(ledger: Ledger, now: () => Date): JobTotals {
  const known = new Map<string, { tag: string; totals: PageTotals }>();

  async function totalsOf(
    { job, key, tag, isStable }: { job: string; key: string; tag: string; isStable: boolean },
    onUnreadable: Unreadable,
  ): Promise<PageTotals> {
    const before = known.get(key);
    if (before?.tag === tag) return before.totals;
    let totals: PageTotals;
    try {
      totals = pageTotals(await ledger.page(job, pageIn(key)).read());
    } catch (error) {
      if (!isDamage(error)) throw error;
      onUnreadable(key, error as Error);
      // What it once came to: a counter that falls would look like a restart, and count all of it again.
      return before?.totals ?? NO_TOTALS;
    }
    // A page that may still be written is read again; what it came to is kept for when it is damaged.
    known.set(key, { tag: isStable ? tag : "", totals });
    return totals;
  }

  return async (job, onUnreadable) => {
    const pages = await ledger.pages(job);
    let sum = NO_TOTALS;
    const waiting = pages.values();
    await Promise.all(Array.from({ length: PAGES_AT_ONCE }, async () => {
      for (const { key, size, modified } of waiting) {
        const isStable = Math.abs(now().getTime() - modified.getTime()) > STABLE_MS;
        const page = { job, key, tag: `${size} ${modified.toISOString()}`, isStable };
        const totals = await totalsOf(page, onUnreadable);
        sum = sumOf(sum, totals);
      }
    }));
    return sum;
  };
}

/** Reads metrics of jobs from their ledger, for Prometheus. */
interface JobMetrics {
  /** For the header `content-type`. */
  readonly contentType: string;
  /**
   * All metrics of these jobs in Prometheus' text format. An object of the ledger that is damaged is left out, counted
   * and named in the log. Rejects with a `LakeError` when the lake cannot be read.
   */
  text(jobs: readonly Job[]): Promise<string>;
}

const WHAT_TO_DO = "Restore it from a backup, or delete it: only its content is lost.";

/** Jobs that are read at the same time. */
const JOBS_AT_ONCE = 8;

/** Keep one for as long as the program lives: it knows pages that it has read. */
export function createJobMetrics(
  { ledger, now, warn = () => {} }: { ledger: Ledger; now: () => Date; warn?: (line: string) => void },
): JobMetrics {
  const totals = jobTotals(ledger, now);
  const told = new Set<string>();
  const onUnreadable = (key: string, { message }: Error) => {
    // It stays so until somebody mends it.
    if (!told.has(key)) warn(`${key} is damaged, and metrics leave it out: ${message}. ${WHAT_TO_DO}`);
    told.add(key);
  };
  return {
    contentType: metricSet().registry.contentType,
    async text(jobs) {
      const metrics = metricSet();
      const schedulers = await listSchedulers(ledger.store, now());
      const waiting = jobs.values();
      await Promise.all(Array.from({ length: JOBS_AT_ONCE }, async () => {
        for (const job of waiting) {
          await readJob(job, metrics, { ledger, now, schedulers, totals, onUnreadable });
        }
      }));
      metrics.schedulers.set(schedulers.filter(({ alive }) => alive).length);
      const heartbeats = schedulers.map(({ heartbeatAt }) => Date.parse(heartbeatAt) / 1000);
      if (heartbeats.length > 0) metrics.lastHeartbeat.set(Math.max(...heartbeats));
      return await metrics.registry.metrics();
    },
  };
}

async function unlessDamaged<T>(
  key: string,
  read: () => Promise<T>,
  otherwise: T,
  onUnreadable: Unreadable,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    onUnreadable(key, error as Error);
    return otherwise;
  }
}

async function readJob(
  job: Job,
  metrics: MetricSet,
  { ledger, now, schedulers, totals, onUnreadable }: {
    ledger: Ledger;
    now: () => Date;
    schedulers: KnownScheduler[];
    totals: JobTotals;
    onUnreadable: Unreadable;
  },
): Promise<void> {
  const label = { job: job.name };
  let unreadable = 0;
  const count: Unreadable = (key, error) => {
    unreadable++;
    onUnreadable(key, error);
  };
  const control = await unlessDamaged(
    controlKey(job.name),
    () => ledger.jobState(job.name).read(),
    { activePages: {} },
    count,
  );
  const sum = await totals(job.name, count);
  const readAlerts = () => readJson<AlertState>(ledger.store, alertsKey(job.name));
  const alerts = (await unlessDamaged(alertsKey(job.name), readAlerts, undefined, count))?.value;
  metrics.unreadable.set(label, unreadable);
  metrics.info.set({ ...label, owner: job.owner, pool: job.pool, channel: job.alertChannel }, 1);
  for (const status of FINAL_STATUSES) metrics.runs.inc({ ...label, status }, sum.ended[status] ?? 0);
  metrics.slaMissed.inc(label, sum.slaMissed);
  for (const [ended, count] of Object.entries(sum.attempts)) metrics.attempts.inc({ ...label, ended }, count);
  setOpen(job, sum.open, { control, schedulers }, metrics, now());
  setLast(job, sum, metrics);
  const cursor = control.plannedUntil;
  const due = "on" in job.schedule ? undefined : nextDue(job.schedule, cursor ? new Date(cursor) : now());
  if (due !== undefined) metrics.nextDue.set(label, due.getTime() / 1000);
  const isOverdue = control.paused === undefined && sum.open.some((run) => isLate(job, run, now()));
  metrics.failing.set(label, alerts?.failed.open ? 1 : 0);
  metrics.overdue.set(label, isOverdue || alerts?.overdue.open ? 1 : 0);
  metrics.paused.set(label, control.paused ? 1 : 0);
  metrics.alertsWaiting.set(label, alerts?.pending.length ?? 0);
}

function setOpen(
  job: Job,
  open: Run[],
  { control, schedulers }: { control: JobState; schedulers: KnownScheduler[] },
  metrics: MetricSet,
  now: Date,
): void {
  // That a run runs is said in the job's control only, and that its scheduler died by nobody.
  const statuses = open.map((run) => seenRun(withRunning(run, control), { schedulers }).status);
  for (const status of OPEN_STATUSES) {
    metrics.openRuns.set({ job: job.name, status }, statuses.filter((found) => found === status).length);
  }
  const oldest = open.map(({ scheduledFor }) => Date.parse(scheduledFor)).reduce(
    (a, b) => Math.min(a, b),
    now.getTime(),
  );
  metrics.oldestOpen.set({ job: job.name }, (now.getTime() - oldest) / 1000);
}

function setLast(job: Job, { lastEnd, lastSuccess, lastAttempt }: PageTotals, metrics: MetricSet): void {
  const label = { job: job.name };
  if (lastEnd !== undefined) metrics.lastEnd.set(label, Date.parse(lastEnd) / 1000);
  if (lastSuccess !== undefined) metrics.lastSuccess.set(label, Date.parse(lastSuccess) / 1000);
  if (lastAttempt === undefined) return;
  const { startedAt, finishedAt, peakBytes } = lastAttempt;
  metrics.duration.set(label, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  if (peakBytes !== undefined) metrics.peakMemory.set(label, peakBytes);
}
