import type { Alert, AlertState, Pending } from "./alert.ts";

/** More alerts of one job than this wait for no channel: the oldest are given up. */
const MOST_WAITING = 20;
/** What could not be sent for so long is no news any more: a day. */
const GIVE_UP_MS = 24 * 60 * 60 * 1000;
/** After this, others take the one who claimed an alert for dead; a try takes much less. */
const CLAIM_MS = 2 * 60 * 1000;
const FIRST_DELAY_MS = 30_000;
const MAX_DELAY_MS = 15 * 60 * 1000;

/** Puts alerts where they wait to be sent. @returns the state, and what is given up for it. */
export function post(state: AlertState, alerts: Alert[]): { state: AlertState; givenUp: Pending[] } {
  if (alerts.length === 0) return { state, givenUp: [] };
  const all = [...state.outbox, ...alerts.map((alert) => ({ ...alert, tries: 0 }))];
  const kept = all.slice(-MOST_WAITING);
  return { state: { ...state, outbox: kept }, givenUp: all.slice(0, all.length - kept.length) };
}

/** What there is to do about alerts that wait. */
export interface Claimed {
  state: AlertState;
  /** To be sent now, by the one who asked. */
  alert?: Pending;
  /** Given up: nothing took them for a day. */
  givenUp: Pending[];
  /** When to ask again; undefined when nothing waits. */
  again?: Date;
}

/**
 * Claims the next alert that is to be sent. Alerts of a job are sent in their order, so that no recovery comes before
 * the failure.
 *
 * @param by Who wants to send it.
 * @param isMine Whether the asker has the channel of an alert.
 */
export function claimNext(
  state: AlertState,
  { by, now, isMine }: { by: string; now: Date; isMine: (alert: Alert) => boolean },
): Claimed {
  const old = (alert: Pending) => now.getTime() - Date.parse(alert.at) > GIVE_UP_MS;
  const givenUp = state.outbox.filter(old);
  const kept = givenUp.length === 0
    ? state
    : { ...state, outbox: state.outbox.filter((alert) => !old(alert)) };
  const next = kept.outbox.find(isMine);
  if (next === undefined) return { state: kept, givenUp };
  const from =
    [next.notBefore, next.claim?.by === by ? undefined : next.claim?.until].flatMap((time) =>
      time === undefined ? [] : [new Date(time)]
    ).sort((a, b) => b.getTime() - a.getTime())[0];
  // A time that is further away than any wait was said by a clock that ran ahead.
  const isReal = from !== undefined && from.getTime() - now.getTime() <= MAX_DELAY_MS;
  if (from !== undefined && isReal && from > now) return { state: kept, givenUp, again: from };
  const claim = { by, until: new Date(now.getTime() + CLAIM_MS).toISOString() };
  const alert: Pending = { ...next, claim };
  return { state: replaced(kept, alert.id, [alert]), alert, givenUp };
}

/** Takes out an alert that was sent. */
export const sent = (state: AlertState, { id }: Pending): AlertState => replaced(state, id, []);

/** Puts one that was not sent back, to be tried again after a wait, each twice as long as the one before. */
export function notSent(state: AlertState, alert: Pending, now: Date, waitMs = 0): AlertState {
  const { claim: _, ...rest } = alert;
  const tries = alert.tries + 1;
  const delay = Math.min(Math.max(FIRST_DELAY_MS * 2 ** (tries - 1), waitMs), MAX_DELAY_MS);
  const notBefore = new Date(now.getTime() + delay).toISOString();
  return replaced(state, alert.id, [{ ...rest, tries, notBefore }]);
}

function replaced(state: AlertState, id: string, by: Pending[]): AlertState {
  if (!state.outbox.some((alert) => alert.id === id)) return state;
  return { ...state, outbox: state.outbox.flatMap((alert) => alert.id === id ? by : [alert]) };
}
