import type { Job } from "../job.ts";
import { hasSucceeded, isOpen, type Run } from "../run.ts";
import { type Ledger, pageId } from "../ledger/ledger.ts";
import { pageIn } from "../ledger/keys.ts";

/** What can be wrong with a job: its runs fail for good, or do not succeed within its SLA. */
export type IncidentKind = "failed" | "overdue";

/** A problem of a job, from the first run that has it until a run shows that it is over. Times are ISO, UTC. */
interface Incident {
  since: string;
  /** How many runs had it. */
  runs: number;
  /** Scheduled time of the newest of them. */
  latest: string;
}

/** What an alert is about: an incident that begins, or the end of all. */
type AlertKind = IncidentKind | "recovered";

/** A message to a channel. Times are ISO, UTC. */
export interface Alert {
  /** Unique among all alerts of a lake. */
  id: string;
  kind: AlertKind;
  job: string;
  owner: string;
  channel: string;
  /** The run it is about: the newest that failed or is overdue, or the one that closed the incident. */
  scheduledFor: string;
  /** Why, in a sentence. */
  reason: string;
  /** When it was found. */
  at: string;
  /** Those that this one closes, or the one that it opens. */
  incidents: ({ kind: IncidentKind } & Pick<Incident, "since" | "runs">)[];
}

/** An alert that its channel has not taken yet. */
export interface PendingAlert extends Alert {
  /** Attempts to send it that failed. */
  attempts: number;
  /** Not to be sent before: someone is sending it, or its channel refused it. */
  notBefore?: string;
}

/** The incidents of a kind. */
interface IncidentState {
  open?: Incident;
  /** Scheduled time of the run that closed the last one: what runs up to it had is over. */
  closedBy?: string;
}

/** Incidents and alerts of a job: one object in the lake, changed by compare-and-swap, so that each alert is sent once. */
export interface AlertState extends Record<IncidentKind, IncidentState> {
  /** Alerts to be sent, the oldest first. */
  pending: PendingAlert[];
}

/** A run that failed or is overdue. */
interface Problem {
  scheduledFor: string;
  since: string;
  reason: string;
}

/** What a look at the incidents of a kind found. */
interface IncidentReview {
  /** The same object when nothing changed. */
  state: IncidentState;
  opened?: { incident: Incident; newest: Problem };
  closed?: { incident: Incident; closedBy: string };
}

/**
 * Finds incidents of a job that begin or end. It looks at runs, not at events, so any scheduler may call it at any
 * time, and finds what others could not report.
 *
 * - The first run that fails opens an incident, which is an alert; further ones are counted. The next run that
 *   succeeds, or the same one when it is run again, closes it, which is an alert.
 * - The first run that misses its SLA opens another incident; the next one that keeps it closes it.
 * - A run that closes both is one alert.
 *
 * @param runs Those that are open and those that ended lately, by their scheduled time.
 * @param before What was known; undefined at the first look at a job: what is over by then is no news.
 * @param paused Whether the job is paused.
 * @returns the state then, which is `before` itself when nothing changed, and the alerts.
 */
export function reviewIncidents(
  job: Job,
  runs: Run[],
  before: AlertState | undefined,
  { now, paused }: { now: Date; paused: boolean },
): { state: AlertState; alerts: Alert[] } {
  const failed = review(before?.failed, failedRuns(runs, now), (latest) => newestSuccess(runs, latest), now);
  const overdue = job.slaMinutes === undefined
    // Whoever removes the SLA needs no word that it is kept.
    ? { state: before?.overdue.open === undefined ? before?.overdue ?? {} : {} }
    : review(
      before?.overdue,
      overdueRuns(job, runs, now, paused),
      (latest) => newestInTime(job, runs, latest, now),
      now,
    );
  const isUnchanged = failed.state === before?.failed && overdue.state === before?.overdue;
  return {
    state: before !== undefined && isUnchanged
      ? before
      : { failed: failed.state, overdue: overdue.state, pending: before?.pending ?? [] },
    alerts: [
      ...openingAlert(job, "failed", failed, now),
      ...openingAlert(job, "overdue", overdue, now),
      ...recoveryAlert(job, { failed, overdue }, now),
    ],
  };
}

/**
 * Follows the incidents of a kind.
 *
 * @param problems Runs that have the problem, by their scheduled time, those that were counted before too.
 * @param closing The newest run that closes an incident whose newest run is given, if there is one.
 */
function review(
  before: IncidentState | undefined,
  problems: Problem[],
  closing: (latest: string) => string | undefined,
  now: Date,
): IncidentReview {
  const present = now.toISOString();
  const state = before ?? withClosing({}, closing(""));
  const known = state.open?.latest ?? state.closedBy ?? "";
  // A run of the future was started by a clock that ran ahead.
  const fresh = problems.filter(({ scheduledFor }) => scheduledFor > known && scheduledFor <= present);
  const newest = fresh.at(-1);
  let incident = state.open;
  let opened: IncidentReview["opened"];
  if (newest !== undefined) {
    incident = {
      since: state.open?.since ?? fresh.map(({ since }) => since).reduce((a, b) => a < b ? a : b),
      runs: (state.open?.runs ?? 0) + fresh.length,
      latest: newest.scheduledFor,
    };
    if (state.open === undefined) opened = { incident, newest };
  }
  if (incident === undefined) return { state };
  const closedBy = closing(incident.latest < present ? incident.latest : present);
  if (closedBy !== undefined) {
    return { state: { closedBy }, closed: { incident, closedBy }, ...(opened && { opened }) };
  }
  return incident === state.open
    ? { state }
    : { state: { ...state, open: incident }, ...(opened && { opened }) };
}

const withClosing = (state: IncidentState, closedBy: string | undefined): IncidentState =>
  closedBy === undefined ? state : { ...state, closedBy };

/** What ended longer ago is no news: 3 days. */
const NEWS_MS = 3 * 24 * 60 * 60 * 1000;

/** Whoever triggers a run watches it; nobody else waits for it. */
const isScheduled = ({ requestedBy }: Run) => requestedBy === undefined;

const isNews = ({ endedAt }: Run, now: Date) =>
  endedAt === undefined || now.getTime() - Date.parse(endedAt) < NEWS_MS;

/** Runs that failed for good, unless a person cancelled or triggered them. */
function failedRuns(runs: Run[], now: Date): Problem[] {
  return runs.filter((run) =>
    run.status === "failed" && run.cancelledBy === undefined && isScheduled(run) && isNews(run, now)
  ).map(({ scheduledFor, endedAt, reason }) => ({ scheduledFor, since: endedAt ?? scheduledFor, reason }));
}

/** The newest success at or after a run that failed; a person may have triggered it, also as the same run again. */
function newestSuccess(runs: Run[], latest: string): string | undefined {
  return runs.findLast((run) => hasSucceeded(run) && run.scheduledFor >= latest)?.scheduledFor;
}

/**
 * Runs that did not succeed within the SLA. Of those that ended without success only the newest counts: a later run
 * that goes on or succeeded stands for it. While a job is paused, its open runs wait because a person wants it.
 */
function overdueRuns(job: Job, runs: Run[], now: Date, paused: boolean): Problem[] {
  const { slaMinutes } = job;
  if (slaMinutes === undefined) return [];
  const scheduled = runs.filter(isScheduled);
  return scheduled.flatMap((run, i): Problem[] => {
    const deadline = Date.parse(run.scheduledFor) + slaMinutes * 60_000;
    if (deadline >= now.getTime() || !isNews(run, now)) return [];
    const since = new Date(deadline).toISOString();
    const found = (reason: string) => [{ scheduledFor: run.scheduledFor, since, reason }];
    if (run.slaMissed) return found(run.reason);
    if (isOpen(run)) {
      const state = run.status === "running" ? "it is still running" : `it is ${run.status} (${run.reason})`;
      return paused ? [] : found(`${slaMinutes} minutes after it was due, ${state}`);
    }
    const standsFor = (later: Run) => isOpen(later) || hasSucceeded(later);
    if (!wasWanted(run) || scheduled.slice(i + 1).some(standsFor)) return [];
    return found(
      run.status === "failed" ? `it failed: ${run.reason}` : `it was ${run.status}: ${run.reason}`,
    );
  });
}

/** It ended without success, although nobody wanted that. */
function wasWanted({ status, cancelledBy, blockedBy }: Run): boolean {
  if (status === "failed") return cancelledBy === undefined;
  if (status === "missed") return true;
  // Other runs that were skipped were paused, overlapped or cancelled.
  return status === "skipped" && blockedBy !== undefined;
}

/** The newest run after an overdue one that kept the SLA, once no open run is overdue. */
function newestInTime(job: Job, runs: Run[], latest: string, now: Date): string | undefined {
  if (overdueRuns(job, runs.filter(isOpen), now, false).length > 0) return undefined;
  return runs.findLast((run) =>
    run.status === "succeeded" && !run.slaMissed && isScheduled(run) && run.scheduledFor > latest
  )?.scheduledFor;
}

function openingAlert(job: Job, kind: IncidentKind, { opened }: IncidentReview, now: Date): Alert[] {
  if (opened === undefined) return [];
  const { incident: { since, runs }, newest: { scheduledFor, reason } } = opened;
  return [alert(job, { kind, scheduledFor, reason, incidents: [{ kind, since, runs }] }, now)];
}

function recoveryAlert(job: Job, reviews: Record<IncidentKind, IncidentReview>, now: Date): Alert[] {
  const incidents: Alert["incidents"] = [];
  let scheduledFor = "";
  for (const kind of ["failed", "overdue"] as const) {
    const { closed } = reviews[kind];
    if (closed === undefined) continue;
    const { since, runs } = closed.incident;
    incidents.push({ kind, since, runs });
    if (closed.closedBy > scheduledFor) scheduledFor = closed.closedBy;
  }
  if (incidents.length === 0) return [];
  return [alert(job, { kind: "recovered", scheduledFor, reason: "the job works again", incidents }, now)];
}

function alert(
  { name, owner, alertChannel: channel }: Job,
  news: Pick<Alert, "kind" | "scheduledFor" | "reason" | "incidents">,
  now: Date,
): Alert {
  const at = now.toISOString();
  return { id: `${name} ${news.kind} ${news.scheduledFor} ${at}`, job: name, owner, channel, at, ...news };
}

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
/** So many of the newest pages are looked at from time to time, however long ago they are. */
const NEWEST = { days: 4, hours: 12 };

/**
 * Runs of a job that may be news: of pages with open runs, of the present page (a day, or an hour) and the one before.
 *
 * @param thorough Look at the newest other pages too, for runs of long ago that were entered as missed just now.
 */
export async function runsToReview(
  ledger: Ledger,
  job: string,
  now: Date,
  thorough: boolean,
): Promise<Run[]> {
  await ledger.refresh(job);
  const state = ledger.jobState(job).known ?? { activePages: {} };
  const span = state.hourPagesFrom === undefined ? DAY_MS : HOUR_MS;
  const ids = new Set([
    ...Object.keys(state.activePages),
    // The next page may have begun on another scheduler's clock.
    ...[60_000, 0, -span].map((ms) => pageId(new Date(now.getTime() + ms).toISOString(), state)),
    ...(thorough ? await newestPages(ledger, job) : []),
  ]);
  const pages = await Promise.all([...ids].map((id) => ledger.page(job, id).read()));
  // That a run runs is not on its page.
  const open = new Map(ledger.openRuns(job).map((run) => [run.scheduledFor, run]));
  return pages.flatMap(({ runs }) => Object.values(runs).map((run) => open.get(run.scheduledFor) ?? run))
    .sort((a, b) => a.scheduledFor < b.scheduledFor ? -1 : 1);
}

async function newestPages(ledger: Ledger, job: string): Promise<string[]> {
  const ids = (await ledger.pages(job)).map(({ key }) => pageIn(key));
  const isHour = (ids.at(-1) ?? "").includes("T");
  return ids.slice(isHour ? -NEWEST.hours : -NEWEST.days);
}
