import { isDeepStrictEqual } from "node:util";
import type { Job } from "../job.ts";
import { CLOCK_SKEW_MS, hasSucceeded, isOpen, type Run } from "../run.ts";
import { isScheduled, isUnreviewed, type Unreviewed } from "./unreviewed.ts";

/** What can be wrong with a job: its runs fail for good, or do not succeed within its SLA. */
export type IncidentKind = "failed" | "overdue";

/** A problem of a job, from the first run that has it until a run shows that it is over. Times are ISO, UTC. */
interface Incident {
  since: string;
  /** How many runs had it. */
  runs: number;
  /** Scheduled time of the newest of them. */
  latest: string;
  /** When the last of them failed, or should have succeeded: not always the newest, as the past may be made up for. */
  lastSince: string;
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
  /** Scheduled time of the run that closed the last one. */
  closedBy?: string;
  /** Scheduled times of runs that were counted, or are no news, and will be looked at again. */
  counted?: string[];
}

/** Incidents and alerts of a job: one object in the lake, changed by compare-and-swap, so that each alert is sent once. */
export interface AlertState extends Record<IncidentKind, IncidentState> {
  /** Alerts to be sent, the oldest first. */
  pending: PendingAlert[];
  /** Where the next review looks. */
  unreviewed: Unreviewed;
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

/** What is looked at, see {@linkcode reviewIncidents}. */
interface ReviewOptions {
  now: Date;
  /** Whether the job is paused. */
  paused: boolean;
  /** Where runs may end that this review does not see. */
  unreviewed: Unreviewed;
}

/**
 * Finds incidents of a job that begin or end. It looks at runs, not at events, so any scheduler may call it at any
 * time, and finds what others could not report.
 *
 * - A run that fails opens an incident, which is an alert; further ones are counted, in whatever order they end. A run
 *   that succeeds after the last of them failed, and is not older, closes it, which is an alert.
 * - The first run that misses its SLA opens another incident; the next one that keeps it closes it.
 * - A run that closes both is one alert.
 *
 * @param runs Those that are open and those that may have ended since the last review, by their scheduled time.
 * @param before What was known; undefined at the first look at a job: what is over by then is no news.
 * @returns the state then, which is `before` itself when nothing changed, and the alerts.
 */
export function reviewIncidents(
  job: Job,
  runs: Run[],
  before: AlertState | undefined,
  { now, paused, unreviewed }: ReviewOptions,
): { state: AlertState; alerts: Alert[] } {
  const failed = review(
    before?.failed,
    failedRuns(runs).filter((failure) => before !== undefined || isLately(failure.since, now)),
    (incident) => newestSuccess(runs, incident, now),
    now,
    anyRun(before?.unreviewed, unreviewed, now),
  );
  const overdue = job.slaMinutes === undefined
    // Whoever removes the SLA needs no word that it is kept.
    ? { state: before?.overdue.open === undefined ? before?.overdue ?? {} : {} }
    : review(
      before?.overdue,
      overdueRuns(job, runs, now, paused),
      ({ latest }) => newestInTime(job, runs, latest, now),
      now,
      LATER_RUNS,
    );
  const isUnchanged = failed.state === before?.failed && overdue.state === before?.overdue &&
    isDeepStrictEqual(unreviewed, before.unreviewed);
  return {
    state: before !== undefined && isUnchanged
      ? before
      : { failed: failed.state, overdue: overdue.state, pending: before?.pending ?? [], unreviewed },
    alerts: [
      ...openingAlert(job, "failed", failed, now),
      ...openingAlert(job, "overdue", overdue, now),
      ...recoveryAlert(job, { failed, overdue }, now),
    ],
  };
}

/** Which runs that have a problem are news; `known` is the newest run of the last incident. */
interface News {
  /** Whether a run is news, unless it was counted. */
  isNew: (scheduledFor: string, known: string) => boolean;
  /** Whether a run counts as one that was counted. */
  isOld: (scheduledFor: string, known: string) => boolean;
  /** Whether a run that was counted may be looked at again. */
  mayReturn: (scheduledFor: string, known: string) => boolean;
}

/** A missed SLA is news of runs that are later than those before. */
const LATER_RUNS: News = {
  isNew: (scheduledFor, known) => scheduledFor > known,
  isOld: () => false,
  // A clock that ran ahead counted it.
  mayReturn: (scheduledFor, known) => scheduledFor > known,
};

/** A failure is news once, in whatever order runs end. */
function anyRun(last: Unreviewed | undefined, next: Unreviewed, now: Date): News {
  const mayReturn = (scheduledFor: string) => isUnreviewed(next, scheduledFor);
  if (last !== undefined && next.from >= last.from) {
    const isNew = (scheduledFor: string) => isUnreviewed(last, scheduledFor);
    // A person may open a page again that was reviewed.
    return { isNew, isOld: (scheduledFor) => !isNew(scheduledFor), mayReturn };
  }
  // At the first look, and once a clock that ran ahead is right again, it is not known what was reviewed.
  const present = now.toISOString();
  return {
    isNew: (scheduledFor, known) => scheduledFor > known,
    isOld: (scheduledFor, known) =>
      scheduledFor <= known || last !== undefined && scheduledFor > present && scheduledFor < last.from,
    mayReturn,
  };
}

/**
 * Follows the incidents of a kind.
 *
 * @param problems Runs that have the problem, by their scheduled time, those that were counted before too.
 * @param closing The newest run that closes an incident, if there is one.
 */
function review(
  before: IncidentState | undefined,
  problems: Problem[],
  closing: (incident: Pick<Incident, "latest" | "lastSince">) => string | undefined,
  now: Date,
  news: News,
): IncidentReview {
  const present = now.toISOString();
  const firstClosedBy = before === undefined ? closing({ latest: "", lastSince: "" }) : undefined;
  const { open, closedBy, counted = [] }: IncidentState = before ?? withClosing(firstClosedBy);
  const known = open?.latest ?? closedBy ?? "";
  // A run of the future was started by a clock that ran ahead.
  const fresh = problems.filter(({ scheduledFor }) =>
    scheduledFor <= present && !counted.includes(scheduledFor) && news.isNew(scheduledFor, known)
  );
  const newest = fresh.at(-1);
  const incident = newest === undefined ? open : {
    since: open?.since ?? fresh.map(({ since }) => since).reduce((a, b) => a < b ? a : b),
    runs: (open?.runs ?? 0) + fresh.length,
    latest: later(newest.scheduledFor, open?.latest),
    lastSince: fresh.map(({ since }) => since).reduce(later, open?.lastSince ?? ""),
  };
  const opened = newest && incident && open === undefined ? { incident, newest } : undefined;
  const nowClosedBy = incident && closing(incident);
  const isClosed = incident !== undefined && nowClosedBy !== undefined;

  const knownThen = isClosed ? nowClosedBy : incident?.latest ?? known;
  const old = problems.map(({ scheduledFor }) => scheduledFor).filter((time) => news.isOld(time, known));
  const seen = new Set([...counted, ...old, ...fresh.map(({ scheduledFor }) => scheduledFor)]);
  const returning = [...seen].filter((scheduledFor) => news.mayReturn(scheduledFor, knownThen)).sort();
  const state = {
    ...(isClosed ? {} : incident && { open: incident }),
    ...withClosing(isClosed ? nowClosedBy : closedBy),
    ...(returning.length > 0 && { counted: returning }),
  };
  return {
    state: before !== undefined && isDeepStrictEqual(state, before) ? before : state,
    ...(opened && { opened }),
    ...(isClosed && { closed: { incident, closedBy: nowClosedBy } }),
  };
}

const later = (a: string, b = "") => a > b ? a : b;

const withClosing = (closedBy: string | undefined) => closedBy === undefined ? {} : { closedBy };

/** At the first look at a job, what ended longer ago is no news, nor is a missed SLA later: 3 days. */
const NEWS_MS = 3 * 24 * 60 * 60 * 1000;

const isLately = (time: string, now: Date) => now.getTime() - Date.parse(time) < NEWS_MS;

/** Runs that failed for good, unless a person triggered them. */
function failedRuns(runs: Run[]): Problem[] {
  return runs.filter((run) => run.status === "failed" && isScheduled(run))
    .map(({ scheduledFor, endedAt, reason }) => ({ scheduledFor, since: endedAt ?? scheduledFor, reason }));
}

/**
 * The newest success that came after all failures of an incident; a person may have triggered it, also as the same run
 * again. Failures of the future, by a clock that ran ahead, are over when the present succeeds.
 */
function newestSuccess(
  runs: Run[],
  { latest, lastSince }: Pick<Incident, "latest" | "lastSince">,
  now: Date,
): string | undefined {
  const present = now.toISOString();
  const isAfter = ({ endedAt = "" }: Run) =>
    endedAt >= lastSince || Date.parse(lastSince) > now.getTime() + CLOCK_SKEW_MS;
  return runs.findLast((run) =>
    hasSucceeded(run) && run.scheduledFor >= (latest < present ? latest : present) && isAfter(run)
  )?.scheduledFor;
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
    if (deadline >= now.getTime() || run.endedAt !== undefined && !isLately(run.endedAt, now)) return [];
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
function wasWanted({ status, blockedBy }: Run): boolean {
  if (status === "failed" || status === "missed") return true;
  // Other runs that were skipped were paused, overlapped or cancelled.
  return status === "skipped" && blockedBy !== undefined;
}

/** The newest run after an overdue one that kept the SLA, once no open run is overdue. */
function newestInTime(job: Job, runs: Run[], latest: string, now: Date): string | undefined {
  if (overdueRuns(job, runs.filter(isOpen), now, false).length > 0) return undefined;
  const present = now.toISOString();
  return runs.findLast((run) =>
    run.status === "succeeded" && !run.slaMissed && isScheduled(run) &&
    run.scheduledFor > (latest < present ? latest : present)
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
