import { readJson } from "shopflow/lake/mod.ts";
import type { AlertState } from "../alerts/alert.ts";
import { nextDue } from "../cron_expression.ts";
import type { Job } from "../job.ts";
import { type Control, goesOn, type Ledger } from "../ledger.ts";
import { alertsKey, controlKey } from "../ledger_keys.ts";
import { livingSchedulers } from "../living_schedulers.ts";
import { isLate } from "../outcome.ts";
import { FINAL_STATUSES, OPEN_STATUSES, type Slot } from "../slot.ts";
import { isDamage } from "./damage.ts";
import { type JobTotals, jobTotals, type Unreadable } from "./job_totals.ts";
import { type MetricSet, metricSet } from "./metric_set.ts";
import type { PageTotals } from "./page_totals.ts";

/** Reads metrics of jobs from their ledger, for Prometheus. */
export interface JobMetrics {
  /** For the header `content-type`. */
  readonly contentType: string;
  /**
   * All metrics of these jobs in Prometheus' text format. An object of the ledger that is damaged is left out, counted
   * and named in the log. Rejects with a `LakeError` when the lake cannot be read.
   */
  text(jobs: readonly Job[]): Promise<string>;
}

const WHAT_TO_DO = "Restore it from a backup, or delete it: then what it said is lost, and nothing else.";

/** Jobs that are read at the same time. */
const AT_ONCE = 8;

/** Keep one for as long as the program lives: it knows pages that it has read. */
export function createJobMetrics(
  { ledger, now, warn = () => {} }: { ledger: Ledger; now: () => Date; warn?: (line: string) => void },
): JobMetrics {
  const totals = jobTotals(ledger, now);
  const told = new Set<string>();
  const onUnreadable = (key: string, { message }: Error) => {
    // It stays so until somebody mends it.
    if (!told.has(key)) warn(`${key} is damaged, and metrics go without it: ${message}. ${WHAT_TO_DO}`);
    told.add(key);
  };
  return {
    contentType: metricSet().registry.contentType,
    async text(jobs) {
      const metrics = metricSet();
      const waiting = jobs.values();
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (const job of waiting) await readJob(job, metrics, { ledger, now, totals, onUnreadable });
      }));
      metrics.schedulers.set((await livingSchedulers(ledger.store, now())).length);
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
  { ledger, now, totals, onUnreadable }: {
    ledger: Ledger;
    now: () => Date;
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
    () => ledger.control(job.name).read(),
    { openDays: {} },
    count,
  );
  const sum = await totals(job.name, count);
  const readAlerts = () => readJson<AlertState>(ledger.store, alertsKey(job.name));
  const alerts = (await unlessDamaged(alertsKey(job.name), readAlerts, undefined, count))?.value;
  metrics.unreadable.set(label, unreadable);
  metrics.info.set({ ...label, owner: job.owner, pool: job.pool, channel: job.alert }, 1);
  for (const status of FINAL_STATUSES) metrics.slots.inc({ ...label, status }, sum.ended[status] ?? 0);
  for (const [ended, count] of Object.entries(sum.attempts)) metrics.attempts.inc({ ...label, ended }, count);
  setOpen(job, sum.open, control, metrics, now());
  setLast(job, sum, metrics);
  const cursor = control.accountedUntil;
  const due = "on" in job.schedule ? undefined : nextDue(job.schedule, cursor ? new Date(cursor) : now());
  if (due !== undefined) metrics.nextDue.set(label, due.getTime() / 1000);
  const isOverdue = control.paused === undefined && sum.open.some((slot) => isLate(job, slot, now()));
  metrics.failing.set(label, alerts?.failed.episode ? 1 : 0);
  metrics.overdue.set(label, isOverdue || alerts?.overdue.episode ? 1 : 0);
  metrics.paused.set(label, control.paused ? 1 : 0);
  metrics.alertsWaiting.set(label, alerts?.outbox.length ?? 0);
}

function setOpen(job: Job, open: Slot[], control: Control, metrics: MetricSet, now: Date): void {
  // That a slot runs is said in the job's control only.
  const isRunning = (slot: Slot) => control.running !== undefined && goesOn(control.running, slot);
  const statuses = open.map((slot) => isRunning(slot) ? "running" : slot.status);
  for (const status of OPEN_STATUSES) {
    metrics.openSlots.set({ job: job.name, status }, statuses.filter((found) => found === status).length);
  }
  const oldest = open.map(({ slot }) => Date.parse(slot)).reduce((a, b) => Math.min(a, b), now.getTime());
  metrics.oldestOpen.set({ job: job.name }, (now.getTime() - oldest) / 1000);
}

function setLast(job: Job, { lastEnd, lastSuccess, lastAttempt }: PageTotals, metrics: MetricSet): void {
  const label = { job: job.name };
  if (lastEnd !== undefined) metrics.lastEnd.set(label, Date.parse(lastEnd) / 1000);
  if (lastSuccess !== undefined) metrics.lastSuccess.set(label, Date.parse(lastSuccess) / 1000);
  if (lastAttempt === undefined) return;
  const { startedAt, finishedAt, peakBytes } = lastAttempt;
  metrics.duration.set(label, (Date.parse(finishedAt!) - Date.parse(startedAt)) / 1000);
  if (peakBytes !== undefined) metrics.peakMemory.set(label, peakBytes);
}
