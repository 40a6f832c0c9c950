import type { Job } from "../job.ts";
import { hasSucceeded, isOpen, type Run } from "../run.ts";
import { type Ledger, pageId } from "../ledger/ledger.ts";
import { pageIn } from "../ledger/keys.ts";

/** What an alert tells. */
type AlertKind =
  /** A run failed for good. */
  | "failed"
  /** A run has not succeeded within its job's SLA. */
  | "overdue"
  /** What the job failed at, or was late with, is over. */
  | "recovered";

/** Something that a channel is told, once. Times are ISO, UTC. */
export interface Alert {
  /** Unique among all alerts of a lake. */
  id: string;
  kind: AlertKind;
  job: string;
  owner: string;
  channel: string;
  /** The run it is about: the newest that failed or is overdue, or the one that ended it. */
  scheduledFor: string;
  /** Why, in a sentence. */
  reason: string;
  /** When it was found. */
  at: string;
  /** What this one ends, or the one episode that it begins. */
  episodes: { kind: Exclude<AlertKind, "recovered">; since: string; runs: number }[];
}

/** An alert on its way. */
export interface Pending extends Alert {
  /** How often it was tried to be sent. */
  tries: number;
  /** Not to be tried before. */
  notBefore?: string;
  /** Who sends it; when that one is gone, another may from `until` on. */
  claim?: { by: string; until: string };
}

/** Trouble that lasts: from the first run that has it until a run shows that it is over. */
interface Episode {
  /** When it began. */
  since: string;
  /** How many runs had it. */
  runs: number;
  /** The newest of them. */
  lastScheduledFor: string;
}

/** One kind of trouble of a job. */
interface Track {
  episode?: Episode;
  /** Runs that count already, sorted. */
  counted: string[];
  /** Runs up to this one count already, too. */
  countedUntil?: string;
}

/** What was told to whom about a job; changed by compare-and-swap, so that of several schedulers one tells it. */
export interface AlertState {
  failed: Track;
  overdue: Track;
  /** Alerts that are to be sent, the oldest first. */
  outbox: Pending[];
}

/** A run that is in trouble. */
interface Trouble {
  scheduledFor: string;
  /** Since when, ISO. */
  since: string;
  reason: string;
}

/** What came of looking at one kind of trouble. */
interface TrackReview {
  /** The same object when nothing changed. */
  track: Track;
  /** The newest run in trouble where an episode begins. */
  begun?: Trouble & { episode: Episode };
  /** The episode that is over, with the run that showed it. */
  ended?: { episode: Episode; scheduledFor: string };
}

/** So many runs are remembered by name; of those before, the time of the newest. */
const MOST_COUNTED = 200;

/**
 * Follows one kind of trouble of a job.
 *
 * @param troubles Runs that are in trouble, those that count already too.
 * @param over The newest run that shows an episode whose newest run is given to be over.
 * @param isFirst Nobody looked at this job before: what is over already is not told.
 */
function followTrouble(
  before: Track,
  troubles: Trouble[],
  over: (lastScheduledFor: string) => string | undefined,
  { now, isFirst }: { now: Date; isFirst: boolean },
): TrackReview {
  const fresh = troubles.filter(({ scheduledFor }) =>
    !before.counted.includes(scheduledFor) && scheduledFor > (before.countedUntil ?? "")
  ).sort((a, b) => a.scheduledFor < b.scheduledFor ? -1 : 1);
  const counted = count(before, fresh);
  const told = isFirst ? fresh.filter(({ scheduledFor }) => over(scheduledFor) === undefined) : fresh;
  let { episode } = before;
  let begun: TrackReview["begun"];
  if (told.length > 0) {
    const newest = told.at(-1)!;
    const runs = (episode?.runs ?? 0) + told.length;
    const lastScheduledFor = episode !== undefined && episode.lastScheduledFor > newest.scheduledFor
      ? episode.lastScheduledFor
      : newest.scheduledFor;
    const since = episode?.since ?? told.map(({ since }) => since).sort()[0]!;
    if (episode === undefined) begun = { ...newest, episode: { since, runs, lastScheduledFor } };
    episode = { since, runs, lastScheduledFor };
  }
  // A run in the future was run while the clock was ahead; those of the present show whether it is over.
  const present = now.toISOString();
  const scheduledFor = episode &&
    over(episode.lastScheduledFor > present ? present : episode.lastScheduledFor);
  const ended = episode && scheduledFor !== undefined ? { episode, scheduledFor } : undefined;
  if (ended !== undefined) episode = undefined;
  if (fresh.length === 0 && ended === undefined) return { track: before };
  return { track: { ...counted, ...(episode ? { episode } : {}) }, begun, ended };
}

function count({ counted, countedUntil }: Track, fresh: Trouble[]): Omit<Track, "episode"> {
  const all = [...counted, ...fresh.map(({ scheduledFor }) => scheduledFor)].sort();
  const until = all.length > MOST_COUNTED ? all.at(-MOST_COUNTED - 1)! : countedUntil;
  return { counted: all.slice(-MOST_COUNTED), ...(until === undefined ? {} : { countedUntil: until }) };
}

/** What ended longer ago is no news any more: 3 days. */
const NEWS_MS = 3 * 24 * 60 * 60 * 1000;

/** Who asks for a run watches it; nobody else waits for it. */
const isScheduled = ({ requestedBy }: Run) => requestedBy === undefined;

const isNews = ({ endedAt }: Run, now: Date) =>
  endedAt === undefined || now.getTime() - Date.parse(endedAt) < NEWS_MS;

/** Runs that failed for good, unless a person cancelled or asked for them. */
function failures(runs: Run[], now: Date): Trouble[] {
  return runs.filter((run) =>
    run.status === "failed" && run.cancelledBy === undefined && isScheduled(run) && isNews(run, now)
  ).map(({ scheduledFor, endedAt, reason }) => ({ scheduledFor, since: endedAt!, reason }));
}

/** The newest success at or after a run that failed; it may be one that a person asked for, of the same run too. */
function newestSuccess(runs: Run[], lastScheduledFor: string): string | undefined {
  return runs.findLast((run) => hasSucceeded(run) && run.scheduledFor >= lastScheduledFor)?.scheduledFor;
}

/**
 * Runs that did not succeed within the SLA. Of those that ended without success only the newest counts: a later
 * run that goes on or succeeded stands for it. While a job is paused, what is open waits by a person's will.
 */
function overdueRuns(job: Job, runs: Run[], now: Date, paused: boolean): Trouble[] {
  const { slaMinutes } = job;
  if (slaMinutes === undefined) return [];
  const scheduled = runs.filter(isScheduled);
  return scheduled.flatMap((run, i): Trouble[] => {
    const deadline = Date.parse(run.scheduledFor) + slaMinutes * 60_000;
    if (deadline >= now.getTime() || !isNews(run, now)) return [];
    const since = new Date(deadline).toISOString();
    const found = (reason: string) => [{ scheduledFor: run.scheduledFor, since, reason }];
    if (run.slaMissed) return found(run.reason);
    if (isOpen(run)) {
      const state = run.status === "running" ? "it still runs" : `it is ${run.status} (${run.reason})`;
      return paused ? [] : found(`${slaMinutes} minutes after it was due, ${state}`);
    }
    const standsFor = (later: Run) => isOpen(later) || hasSucceeded(later);
    if (!wasWanted(run) || scheduled.slice(i + 1).some(standsFor)) return [];
    return found(
      run.status === "failed" ? `it failed: ${run.reason}` : `it was ${run.status}: ${run.reason}`,
    );
  });
}

/** It ended without success, and not by anybody's will. */
function wasWanted({ status, cancelledBy, blockedBy }: Run): boolean {
  if (status === "failed") return cancelledBy === undefined;
  if (status === "missed") return true;
  // Others that were skipped were paused, overlapped or cancelled.
  return status === "skipped" && blockedBy !== undefined;
}

/** The newest run after an overdue one that kept the SLA, once nothing overdue is open. */
function keptAgain(job: Job, runs: Run[], lastScheduledFor: string, now: Date): string | undefined {
  const open = overdueRuns(job, runs.filter(isOpen), now, false);
  if (open.length > 0) return undefined;
  return runs.findLast((run) =>
    run.status === "succeeded" && !run.slaMissed && isScheduled(run) && run.scheduledFor > lastScheduledFor
  )
    ?.scheduledFor;
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
  const state = ledger.control(job).known ?? { activePages: {} };
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

const NOTHING_YET: AlertState = { failed: { counted: [] }, overdue: { counted: [] }, outbox: [] };

/**
 * Finds what is to be told about a job. It looks at runs, not at events, so it may be called at any time, by any
 * scheduler, and finds what others had no time to tell.
 *
 * - The first run that fails begins an episode and is told; further ones are not. The next run that succeeds, or
 *   the same one when it is run again, ends it and is told.
 * - The first run that misses its SLA begins another; the next one that keeps it ends it.
 * - Where one run ends both, that is told once.
 *
 * @param runs Those that are open and those that ended lately, by their time.
 * @param before What was known; undefined when nobody looked at this job before.
 * @param paused Whether the job is paused.
 * @returns the state then, which is `before` itself when there is no news, and the news.
 */
export function reviewAlerts(
  job: Job,
  runs: Run[],
  before: AlertState | undefined,
  { now, paused }: { now: Date; paused: boolean },
): { state: AlertState; alerts: Alert[] } {
  const state = before ?? NOTHING_YET;
  const context = { now, isFirst: before === undefined };
  const failed = followTrouble(
    state.failed,
    failures(runs, now),
    (lastScheduledFor) => newestSuccess(runs, lastScheduledFor),
    context,
  );
  const overdue = job.slaMinutes === undefined
    // Who takes the SLA away needs no word that it is kept.
    ? { track: state.overdue.episode === undefined ? state.overdue : { counted: [] } }
    : followTrouble(
      state.overdue,
      overdueRuns(job, runs, now, paused),
      (lastScheduledFor) => keptAgain(job, runs, lastScheduledFor, now),
      context,
    );
  const alerts = [
    ...begin(job, "failed", failed, now),
    ...begin(job, "overdue", overdue, now),
    ...recovered(job, { failed, overdue }, now),
  ];
  const changed = before === undefined || failed.track !== state.failed || overdue.track !== state.overdue;
  return {
    state: changed ? { ...state, failed: failed.track, overdue: overdue.track } : before,
    alerts,
  };
}

function begin(job: Job, kind: "failed" | "overdue", { begun }: TrackReview, now: Date): Alert[] {
  if (begun === undefined) return [];
  const { scheduledFor, reason, episode } = begun;
  return [alert(job, { kind, scheduledFor, reason, episodes: [told(kind, episode)] }, now)];
}

function recovered(job: Job, tracks: Record<"failed" | "overdue", TrackReview>, now: Date): Alert[] {
  const ended = (["failed", "overdue"] as const).flatMap((kind) => {
    const found = tracks[kind].ended;
    return found === undefined ? [] : [{ scheduledFor: found.scheduledFor, told: told(kind, found.episode) }];
  });
  if (ended.length === 0) return [];
  const scheduledFor = ended.map(({ scheduledFor }) => scheduledFor).sort().at(-1)!;
  const episodes = ended.map(({ told }) => told);
  return [
    alert(
      job,
      { kind: "recovered", scheduledFor, reason: "the job does what it should again", episodes },
      now,
    ),
  ];
}

const told = (kind: "failed" | "overdue", { since, runs }: Episode) => ({ kind, since, runs });

function alert(
  { name, owner, alertChannel: channel }: Job,
  news: Pick<Alert, "kind" | "scheduledFor" | "reason" | "episodes">,
  now: Date,
): Alert {
  const at = now.toISOString();
  return { id: `${name} ${news.kind} ${news.scheduledFor} ${at}`, job: name, owner, channel, at, ...news };
}
