import type { Job } from "../job.ts";
import type { Slot } from "../slot.ts";
import type { Alert, AlertState, Episode } from "./alert.ts";
import { followTrouble, type TrackReview } from "./track.ts";
import { failures, keptAgain, newestSuccess, overdueSlots } from "./troubles.ts";

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
