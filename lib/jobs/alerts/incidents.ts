import type { Job } from "../job.ts";
import { hasSucceeded, isOpen, type Slot } from "../run.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { dayIn, dayOf, pagesFolder } from "../ledger/keys.ts";

/** What an alert tells. */
type AlertKind =
  /** A run failed for good. */
  | "failed"
  /** A slot has not succeeded within its job's SLA. */
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
  /** The slot it is about: the newest that failed or is overdue, or the one that ended it. */
  slot: string;
  /** Why, in a sentence. */
  reason: string;
  /** When it was found. */
  at: string;
  /** What this one ends, or the one episode that it begins. */
  episodes: { kind: Exclude<AlertKind, "recovered">; since: string; slots: number }[];
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

/** Trouble that lasts: from the first slot that has it until a slot shows that it is over. */
interface Episode {
  /** When it began. */
  since: string;
  /** How many slots had it. */
  slots: number;
  /** The newest of them. */
  lastSlot: string;
}

/** One kind of trouble of a job. */
interface Track {
  episode?: Episode;
  /** Slots that count already, sorted. */
  counted: string[];
  /** Slots up to this one count already, too. */
  countedUntil?: string;
}

/** What was told to whom about a job; changed by compare-and-swap, so that of several schedulers one tells it. */
export interface AlertState {
  failed: Track;
  overdue: Track;
  /** Alerts that are to be sent, the oldest first. */
  outbox: Pending[];
}

/** A slot that is in trouble. */
interface Trouble {
  slot: string;
  /** Since when, ISO. */
  since: string;
  reason: string;
}

/** What came of looking at one kind of trouble. */
interface TrackReview {
  /** The same object when nothing changed. */
  track: Track;
  /** The newest slot in trouble where an episode begins. */
  begun?: Trouble & { episode: Episode };
  /** The episode that is over, with the slot that showed it. */
  ended?: { episode: Episode; slot: string };
}

/** So many slots are remembered by name; of those before, the time of the newest. */
const MOST_COUNTED = 200;

/**
 * Follows one kind of trouble of a job.
 *
 * @param troubles Slots that are in trouble, those that count already too.
 * @param over The newest slot that shows an episode whose newest slot is given to be over.
 * @param isFirst Nobody looked at this job before: what is over already is not told.
 */
function followTrouble(
  before: Track,
  troubles: Trouble[],
  over: (lastSlot: string) => string | undefined,
  { now, isFirst }: { now: Date; isFirst: boolean },
): TrackReview {
  const fresh = troubles.filter(({ slot }) =>
    !before.counted.includes(slot) && slot > (before.countedUntil ?? "")
  ).sort((a, b) => a.slot < b.slot ? -1 : 1);
  const counted = count(before, fresh);
  const told = isFirst ? fresh.filter(({ slot }) => over(slot) === undefined) : fresh;
  let { episode } = before;
  let begun: TrackReview["begun"];
  if (told.length > 0) {
    const newest = told.at(-1)!;
    const slots = (episode?.slots ?? 0) + told.length;
    const lastSlot = episode !== undefined && episode.lastSlot > newest.slot ? episode.lastSlot : newest.slot;
    const since = episode?.since ?? told.map(({ since }) => since).sort()[0]!;
    if (episode === undefined) begun = { ...newest, episode: { since, slots, lastSlot } };
    episode = { since, slots, lastSlot };
  }
  // A slot in the future was run while the clock was ahead; those of the present show whether it is over.
  const present = now.toISOString();
  const slot = episode && over(episode.lastSlot > present ? present : episode.lastSlot);
  const ended = episode && slot !== undefined ? { episode, slot } : undefined;
  if (ended !== undefined) episode = undefined;
  if (fresh.length === 0 && ended === undefined) return { track: before };
  return { track: { ...counted, ...(episode ? { episode } : {}) }, begun, ended };
}

function count({ counted, countedUntil }: Track, fresh: Trouble[]): Omit<Track, "episode"> {
  const all = [...counted, ...fresh.map(({ slot }) => slot)].sort();
  const until = all.length > MOST_COUNTED ? all.at(-MOST_COUNTED - 1)! : countedUntil;
  return { counted: all.slice(-MOST_COUNTED), ...(until === undefined ? {} : { countedUntil: until }) };
}

/** What ended longer ago is no news any more: 3 days. */
const NEWS_MS = 3 * 24 * 60 * 60 * 1000;

/** Who asks for a run watches it; nobody else waits for it. */
const isScheduled = ({ requestedBy }: Slot) => requestedBy === undefined;

const isNews = ({ endedAt }: Slot, now: Date) =>
  endedAt === undefined || now.getTime() - Date.parse(endedAt) < NEWS_MS;

/** Slots that failed for good, unless a person cancelled or asked for them. */
function failures(slots: Slot[], now: Date): Trouble[] {
  return slots.filter((slot) =>
    slot.status === "failed" && slot.cancelledBy === undefined && isScheduled(slot) && isNews(slot, now)
  ).map(({ slot, endedAt, reason }) => ({ slot, since: endedAt!, reason }));
}

/** The newest success at or after a slot that failed; it may be one that a person asked for, of the same slot too. */
function newestSuccess(slots: Slot[], lastSlot: string): string | undefined {
  return slots.findLast((slot) => hasSucceeded(slot) && slot.slot >= lastSlot)?.slot;
}

/**
 * Slots that did not succeed within the SLA. Of those that ended without success only the newest counts: a later
 * slot that goes on or succeeded stands for it. While a job is paused, what is open waits by a person's will.
 */
function overdueSlots(job: Job, slots: Slot[], now: Date, paused: boolean): Trouble[] {
  const { slaMinutes } = job;
  if (slaMinutes === undefined) return [];
  const scheduled = slots.filter(isScheduled);
  return scheduled.flatMap((slot, i): Trouble[] => {
    const deadline = Date.parse(slot.slot) + slaMinutes * 60_000;
    if (deadline >= now.getTime() || !isNews(slot, now)) return [];
    const since = new Date(deadline).toISOString();
    const found = (reason: string) => [{ slot: slot.slot, since, reason }];
    if (slot.status === "late") return found(slot.reason);
    if (isOpen(slot)) {
      const state = slot.status === "running" ? "it still runs" : `it is ${slot.status} (${slot.reason})`;
      return paused ? [] : found(`${slaMinutes} minutes after it was due, ${state}`);
    }
    const standsFor = (later: Slot) => isOpen(later) || hasSucceeded(later);
    if (!wasWanted(slot) || scheduled.slice(i + 1).some(standsFor)) return [];
    return found(
      slot.status === "failed" ? `it failed: ${slot.reason}` : `it was ${slot.status}: ${slot.reason}`,
    );
  });
}

/** It ended without success, and not by anybody's will. */
function wasWanted({ status, cancelledBy, blockedBy }: Slot): boolean {
  if (status === "failed") return cancelledBy === undefined;
  if (status === "missed") return true;
  // Others that were skipped were paused, overlapped or cancelled.
  return status === "skipped" && blockedBy !== undefined;
}

/** The newest slot after an overdue one that kept the SLA, once nothing overdue is open. */
function keptAgain(job: Job, slots: Slot[], lastSlot: string, now: Date): string | undefined {
  const open = overdueSlots(job, slots.filter(isOpen), now, false);
  if (open.length > 0) return undefined;
  return slots.findLast((slot) => slot.status === "succeeded" && isScheduled(slot) && slot.slot > lastSlot)
    ?.slot;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** So many of the newest days with slots are looked at from time to time, however long ago they are. */
const NEWEST_DAYS = 4;

/**
 * Slots of a job that may be news: of days with open slots, of today and yesterday.
 *
 * @param thorough Look at the newest other days too, for slots of long ago that were entered as missed just now.
 */
export async function slotsToReview(
  ledger: Ledger,
  job: string,
  now: Date,
  thorough: boolean,
): Promise<Slot[]> {
  await ledger.refresh(job);
  const { openDays } = ledger.control(job).known!;
  const days = new Set([
    ...Object.keys(openDays),
    // Tomorrow's day may have begun on another scheduler's clock.
    ...[60_000, 0, -DAY_MS].map((ms) => dayOf(new Date(now.getTime() + ms).toISOString())),
    ...(thorough ? await newestDays(ledger, job) : []),
  ]);
  const pages = await Promise.all([...days].map((day) => ledger.page(job, day).read()));
  // That a slot runs is not on its page.
  const open = new Map(ledger.openSlots(job).map((slot) => [slot.slot, slot]));
  return pages.flatMap(({ slots }) => Object.values(slots).map((slot) => open.get(slot.slot) ?? slot))
    .sort((a, b) => a.slot < b.slot ? -1 : 1);
}

async function newestDays(ledger: Ledger, job: string): Promise<string[]> {
  const pages = await ledger.store.list(pagesFolder(job));
  return pages.slice(-NEWEST_DAYS).map(({ key }) => dayIn(key));
}

const NOTHING_YET: AlertState = { failed: { counted: [] }, overdue: { counted: [] }, outbox: [] };

/**
 * Finds what is to be told about a job. It looks at slots, not at events, so it may be called at any time, by any
 * scheduler, and finds what others had no time to tell.
 *
 * - The first run that fails begins an episode and is told; further ones are not. The next slot that succeeds, or
 *   the same one when it is run again, ends it and is told.
 * - The first slot that misses its SLA begins another; the next one that keeps it ends it.
 * - Where one slot ends both, that is told once.
 *
 * @param slots Those that are open and those that ended lately, by their time.
 * @param before What was known; undefined when nobody looked at this job before.
 * @param paused Whether the job is paused.
 * @returns the state then, which is `before` itself when there is no news, and the news.
 */
export function reviewAlerts(
  job: Job,
  slots: Slot[],
  before: AlertState | undefined,
  { now, paused }: { now: Date; paused: boolean },
): { state: AlertState; alerts: Alert[] } {
  const state = before ?? NOTHING_YET;
  const context = { now, isFirst: before === undefined };
  const failed = followTrouble(
    state.failed,
    failures(slots, now),
    (lastSlot) => newestSuccess(slots, lastSlot),
    context,
  );
  const overdue = job.slaMinutes === undefined
    // Who takes the SLA away needs no word that it is kept.
    ? { track: state.overdue.episode === undefined ? state.overdue : { counted: [] } }
    : followTrouble(
      state.overdue,
      overdueSlots(job, slots, now, paused),
      (lastSlot) => keptAgain(job, slots, lastSlot, now),
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
  const { slot, reason, episode } = begun;
  return [alert(job, { kind, slot, reason, episodes: [told(kind, episode)] }, now)];
}

function recovered(job: Job, tracks: Record<"failed" | "overdue", TrackReview>, now: Date): Alert[] {
  const ended = (["failed", "overdue"] as const).flatMap((kind) => {
    const found = tracks[kind].ended;
    return found === undefined ? [] : [{ slot: found.slot, told: told(kind, found.episode) }];
  });
  if (ended.length === 0) return [];
  const slot = ended.map(({ slot }) => slot).sort().at(-1)!;
  const episodes = ended.map(({ told }) => told);
  return [
    alert(job, { kind: "recovered", slot, reason: "the job does what it should again", episodes }, now),
  ];
}

const told = (kind: "failed" | "overdue", { since, slots }: Episode) => ({ kind, since, slots });

function alert(
  { name, owner, alert: channel }: Job,
  news: Pick<Alert, "kind" | "slot" | "reason" | "episodes">,
  now: Date,
): Alert {
  const at = now.toISOString();
  return { id: `${name} ${news.kind} ${news.slot} ${at}`, job: name, owner, channel, at, ...news };
}
