import { mapConcurrently } from "shopflow/runtime/mod.ts";
import type { Job } from "../job.ts";
import { pageIn } from "../ledger/keys.ts";
import { type Ledger, pageId, startOf } from "../ledger/ledger.ts";
import { CLOCK_SKEW_MS, isOpen, type Run } from "../run.ts";

/**
 * Where runs may have ended that no review of a job has seen: however long nobody looked, the next review knows where.
 */
export interface Unreviewed {
  /** On every page from this time on, which is the beginning of one; ISO, UTC. */
  from: string;
  /** On these pages before it (`2024-10-02`, or `2024-10-02T07`): they had open runs. */
  pages: string[];
}

/** Whoever triggers a run watches it; nobody else waits for it. */
export const isScheduled = ({ requestedBy }: Run): boolean => requestedBy === undefined;

/** Whether a run may have ended since the last review. */
export const isUnreviewed = ({ from, pages }: Unreviewed, scheduledFor: string): boolean =>
  scheduledFor >= from || pages.some((id) => scheduledFor.startsWith(id));

/** At the first look at a job, so many of its newest pages are read. */
const FIRST_LOOK = { days: 4, hours: 12 };
const READS_AT_ONCE = 8;
const MINUTE_MS = 60_000;

/**
 * Runs of a job that may be news: those that are open, and those that may have ended since the last review.
 *
 * @param before As it was before the ledger is read; undefined at the first look.
 * @returns the runs by their scheduled time, and where those may end that are not among them.
 */
export async function runsToReview(
  ledger: Ledger,
  { name, slaMinutes = 0 }: Job,
  now: Date,
  before: { unreviewed: Unreviewed; failed: { open?: { latest: string } } } | undefined,
): Promise<{ runs: Run[]; unreviewed: Unreviewed }> {
  // First what is planned, then the pages: what is entered meanwhile is due later.
  await ledger.refresh(name);
  const state = ledger.jobState(name).known ?? { activePages: {} };
  const pageAt = (ms: number) => pageId(new Date(ms).toISOString(), state);
  const planned = Math.min(Date.parse(state.plannedUntil ?? "") || Infinity, now.getTime());
  // A run that ended without success may miss its SLA later.
  const next = startOf(pageAt(planned - slaMinutes * MINUTE_MS));
  const last = before?.unreviewed;
  // A clock that ran ahead reviewed what is not due yet; it may also be entered again.
  const wasAhead = last !== undefined && Date.parse(last.from) > now.getTime() + CLOCK_SKEW_MS;
  const from = last === undefined || wasAhead || last.from < next ? next : last.from;
  const readFrom = last === undefined || last.from > from ? from : last.from;

  const active = Object.keys(state.activePages);
  const present = [pageAt(now.getTime()), pageAt(now.getTime() + MINUTE_MS)];
  const since = last === undefined
    ? await newestPages(ledger, name)
    : wasAhead || readFrom < startOf(pageAt(now.getTime()))
    ? (await ledger.pages(
      name,
      new Date(readFrom),
      wasAhead ? undefined : new Date(now.getTime() + MINUTE_MS),
    ))
      .map(({ key }) => pageIn(key))
    : [];
  const ids = [...new Set([...active, ...last?.pages ?? [], ...present, ...since])];
  const pages = await mapConcurrently(ids, READS_AT_ONCE, async (id) => {
    const page = ledger.page(name, id);
    // What changed of the many pages of a long catch-up was read just now.
    const known = id in state.activePages && startOf(id) < readFrom ? page.known : undefined;
    return { id, runs: Object.values((known ?? await page.read()).runs) };
  });

  // A run that closes the present incident may be one that a person asked for.
  const incident = before?.failed.open?.latest;
  const mayBeNews = (run: Run) =>
    isOpen(run) && (isScheduled(run) || incident !== undefined && run.scheduledFor >= incident);
  const open = pages.filter(({ id, runs }) => startOf(id) < from && runs.some(mayBeNews));
  // That a run runs is not on its page.
  const running = new Map(ledger.openRuns(name).map((run) => [run.scheduledFor, run]));
  return {
    runs: pages.flatMap(({ runs }) => runs.map((run) => running.get(run.scheduledFor) ?? run))
      .sort((a, b) => a.scheduledFor < b.scheduledFor ? -1 : 1),
    unreviewed: { from, pages: open.map(({ id }) => id).sort() },
  };
}

async function newestPages(ledger: Ledger, job: string): Promise<string[]> {
  const ids = (await ledger.pages(job)).map(({ key }) => pageIn(key));
  const isHour = (ids.at(-1) ?? "").includes("T");
  return ids.slice(isHour ? -FIRST_LOOK.hours : -FIRST_LOOK.days);
}
