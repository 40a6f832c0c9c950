import { errorText } from "shopflow/errors/mod.ts";
import type { Alert, AlertState, Pending } from "./incidents.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { randomUUID } from "node:crypto";
import type { RunName } from "../run.ts";
import type { SharedObject } from "../ledger/shared_object.ts";
import { alertMessage, headline } from "./message.ts";
import { type Channel, DeliveryError } from "./channels.ts";

/** More alerts of one job than this wait for no channel: the oldest are given up. */
const MOST_WAITING = 20;
/** What could not be sent for so long is no news any more: a day. */
const GIVE_UP_MS = 24 * 60 * 60 * 1000;
/** After this, others take the one who claimed an alert for dead; an attempt takes much less. */
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
interface Claimed {
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
function claimNext(
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
const sent = (state: AlertState, { id }: Pending): AlertState => replaced(state, id, []);

/** Puts one that was not sent back, to be tried again after a wait, each twice as long as the one before. */
function notSent(state: AlertState, alert: Pending, now: Date, waitMs = 0): AlertState {
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

/** What the lake holds of a job's alerts; nothing until the first review. */
export type Stored = AlertState | Record<string, never>;

/** What is stored before the first review. */
export const EMPTY: Stored = {};

export interface DeliveryOptions {
  /** Of `openChannels`. */
  channels: Channel[];
  runtime: Pick<Runtime, "now" | "log">;
  /** Where people reach the server; alerts link to it. */
  publicUrl?: string;
  /** Calls back after a time in milliseconds. @returns what takes that back. */
  setTimer?: (wake: () => void, ms: number) => () => void;
  /** Last lines of a run's log, for alerts of failures. */
  logTail?: (run: RunName) => Promise<string[]>;
}

/**
 * Sends what waits in the outboxes of jobs. An alert is claimed, sent and taken out, so that of several schedulers one
 * sends it. It is sent twice only when a process dies after it was sent and before that was written down.
 */
interface Delivery {
  /** Sends what is due of a job, one after the other. Never rejects. */
  deliver(job: string): Promise<void>;
  giveUp(alerts: Pending[]): void;
  close(): Promise<void>;
}

/** Alerts that are sent at the same time. */
const AT_ONCE = 4;
/** What is due is sent before the end, if it takes no longer. */
const CLOSE_MS = 20_000;
/** When the lake cannot be written. */
const LAKE_DELAY_MS = 60_000;

/**
 * A delivery of one process. It sends what goes to one of `channels`, and leaves the rest to schedulers that have the
 * channels of it.
 *
 * @param options.state The stored alerts of a job.
 */
export function createDelivery(
  options: DeliveryOptions & { state: (job: string) => SharedObject<Stored> },
): Delivery {
  const { state, channels, runtime: { now, log }, publicUrl, logTail, setTimer = unrefTimer } = options;
  const self = randomUUID();
  const byName = new Map(channels.map((channel) => [channel.name, channel]));
  const deliveries = new Map<string, { again: boolean; done: Promise<void> }>();
  /** Alerts that were sent, as long as that could not be written down. */
  const delivered = new Set<string>();
  /** Jobs to look at again, and when. */
  const waiting = new Set<string>();
  const free = places(AT_ONCE);
  let closed = false;
  let wakeAt = Infinity;
  let takeBack = () => {};

  /** Asked while it delivers, it looks once more. */
  function deliver(job: string): Promise<void> {
    const going = deliveries.get(job);
    if (going !== undefined) {
      going.again = true;
      return going.done;
    }
    const entry = { again: false, done: Promise.resolve() };
    deliveries.set(job, entry);
    entry.done = free(() => sendAll(job)).catch((error) => {
      log.warn(`${job}: alerts cannot be sent now: ${errorText(error)}`);
      wakeBy(new Date(now().getTime() + LAKE_DELAY_MS), job);
    }).then(() => {
      deliveries.delete(job);
      return entry.again ? deliver(job) : undefined;
    });
    return entry.done;
  }

  async function sendAll(job: string): Promise<void> {
    while (!closed) {
      const claimed = await state(job).update((value) => {
        if (!isState(value)) return { result: undefined };
        const claim = claimNext(value, {
          by: self,
          now: now(),
          isMine: ({ channel }) => byName.has(channel),
        });
        return { ...(claim.state === value ? {} : { value: claim.state }), result: claim };
      });
      giveUp(claimed?.givenUp ?? []);
      if (claimed?.alert === undefined) {
        if (claimed?.again !== undefined) wakeBy(claimed.again, job);
        return;
      }
      await send(job, claimed.alert);
    }
  }

  async function send(job: string, alert: Pending): Promise<void> {
    const channel = byName.get(alert.channel)!;
    const settle = (change: (value: AlertState) => AlertState) =>
      state(job).update((value) => {
        const after = isState(value) ? change(value) : value;
        return { ...(after === value ? {} : { value: after }), result: undefined };
      });
    if (!delivered.has(alert.id)) {
      try {
        const message = alertMessage(alert, { publicUrl, logTail: await tailOf(alert) });
        const said = await channel.send(message);
        if (said !== undefined) log.warn(`${headline(alert)}: ${channel.name} is told, but ${said}`);
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        log.warn(`${headline(alert)}: ${channel.name} is not told yet: ${error.message}`);
        return await settle((value) => notSent(value, alert, now(), error.waitMs));
      }
    }
    delivered.add(alert.id);
    await settle((value) => sent(value, alert));
    delivered.delete(alert.id);
  }

  async function tailOf(alert: Alert): Promise<string[]> {
    if (alert.kind !== "failed" || logTail === undefined) return [];
    try {
      return await logTail(alert);
    } catch (error) {
      log.warn(`${headline(alert)}: its log cannot be read: ${errorText(error)}`);
      return [];
    }
  }

  function wakeBy(time: Date, job: string): void {
    waiting.add(job);
    if (closed || time.getTime() >= wakeAt) return;
    takeBack();
    wakeAt = time.getTime();
    takeBack = setTimer(() => {
      wakeAt = Infinity;
      const jobs = [...waiting];
      waiting.clear();
      for (const job of jobs) void deliver(job);
    }, Math.max(0, wakeAt - now().getTime()));
  }

  function giveUp(alerts: Pending[]): void {
    for (const alert of alerts) {
      log.warn(
        `${headline(alert)}: ${alert.channel} was not told in ${alert.tries} attempts; that is given up`,
      );
    }
  }

  return {
    deliver,
    giveUp,
    async close() {
      const underWay = () => Promise.all([...deliveries.values()].map(({ done }) => done));
      let timer: ReturnType<typeof setTimeout> | undefined;
      const enough = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_MS));
      await Promise.race([underWay(), enough]);
      clearTimeout(timer);
      closed = true;
      takeBack();
      await underWay();
    },
  };
}

/** Whether a job was reviewed before. */
export const isState = (value: Stored): value is AlertState => "outbox" in value;

/** It keeps no program from ending. */
function unrefTimer(wake: () => void, ms: number): () => void {
  const timer = setTimeout(wake, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Lets so many go on at the same time. */
function places(most: number): (work: () => Promise<void>) => Promise<void> {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (taken < most) taken++;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) taken--;
      else next();
    }
  };
}
