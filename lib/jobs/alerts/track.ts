import type { Episode, Track } from "./alert.ts";

/** A slot that is in trouble. */
export interface Trouble {
  slot: string;
  /** Since when, ISO. */
  since: string;
  reason: string;
}

/** What came of looking at one kind of trouble. */
export interface TrackReview {
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
export function followTrouble(
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
