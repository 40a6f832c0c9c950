import pLimit from "p-limit";
import { errorText } from "shopflow/errors/mod.ts";
import { readJson, updateJson } from "shopflow/lake/store/mod.ts";
import { isDeepStrictEqual } from "node:util";
import { backoffMs, countOf, delay, type Runtime } from "shopflow/runtime/mod.ts";
import type { Job } from "../job.ts";
import { alertsKey } from "../ledger/keys.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { RunName } from "../run.ts";
import { type Channel, DeliveryError } from "./channels.ts";
import { type Alert, type AlertState, type PendingAlert, reviewIncidents } from "./incidents.ts";
import { alertMessage, headline } from "./message.ts";
import { runsToReview } from "./unreviewed.ts";

export interface AlertsOptions {
  ledger: Ledger;
  /** Of `openChannels`. */
  channels: Channel[];
  runtime: Pick<Runtime, "now" | "log">;
  /** Public address of the server; alerts link to it. */
  publicUrl?: string | undefined;
  /** Last lines of a run's log, for alerts of failures. */
  logTail?: (run: RunName) => Promise<string[]>;
  /** Calls back again and again. @returns what ends that. */
  every?: (ms: number, work: () => void) => () => void;
  /**
   * How often all jobs that were reviewed once are reviewed again, in milliseconds; default 5 minutes. It finds what a
   * scheduler that died could not report.
   */
  sweepMs?: number;
}

/** Alerts of failures, missed SLAs and recoveries, each sent once, however many schedulers look. */
export interface Alerts {
  /**
   * Looks for incidents of a job that begin or end, and writes them down; alerts are sent in the background. Never
   * rejects. Calls during a review share the next one.
   */
  review(job: Job): Promise<void>;
  /** Sends what is due to be sent, of all jobs that were reviewed, and waits for it. Never rejects. */
  flush(): Promise<void>;
  /** Ends the background after sending what is due; what is left is for others, or for the next start. */
  close(): Promise<void>;
}

const SWEEP_MS = 5 * 60 * 1000;
/** How often alerts that are pending are looked at. */
const RESEND_MS = 30_000;
/** The waits between attempts to send an alert. */
const BACKOFF = { firstDelayMs: RESEND_MS, maxDelayMs: 15 * 60 * 1000 };
/** For so long after an alert is taken to be sent, nobody else sends it; an attempt takes much less. */
const CLAIM_MS = 2 * 60 * 1000;
/** Alerts that are older are dropped: a day. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** Of more pending alerts of a job the oldest are dropped. */
const MAX_PENDING = 20;
/** Alerts that are sent at the same time. */
const SENT_AT_ONCE = 4;
/** What is due is sent before the end, if it takes no longer. */
const CLOSE_MS = 20_000;

/**
 * Alerts of the jobs of a ledger, for one process. Those of a job whose channel is none of `channels` are logged only.
 * Its timers keep no program from ending; `close` stops them.
 */
export function createAlerts(options: AlertsOptions): Alerts {
  const { ledger: { store }, ledger, channels, runtime: { now, log }, publicUrl, logTail } = options;
  const { every = backgroundInterval, sweepMs = SWEEP_MS } = options;
  const byName = new Map(channels.map((channel) => [channel.name, channel]));
  const isOurs = ({ channel }: Alert) => byName.has(channel);
  const jobs = new Map<string, Job>();
  /** Jobs with alerts that are not sent. */
  const withPending = new Set<string>();
  /** Alerts that were sent, while that could not be written down. */
  const sent = new Set<string>();
  const loggedOnly = new Set<string>();
  const limit = pLimit(SENT_AT_ONCE);
  const reviews = oneAtATime(review);
  const deliveries = oneAtATime((job) => limit(() => deliver(job)));
  let closed = false;
  const stopResending = every(RESEND_MS, () => withPending.forEach((job) => void deliveries.run(job)));
  const stopSweeping = every(sweepMs, () => {
    for (const job of jobs.keys()) void reviews.run(job);
  });

  /** Changes the state of a job's alerts; whatever comes of it is known before it counts. */
  async function update(job: string, change: (before: AlertState | undefined) => AlertState | undefined) {
    const { now: state } = await updateJson<AlertState>(store, alertsKey(job), (before) => {
      const after = change(before);
      return after === before ? undefined : after;
    });
    if (state?.pending.some(isOurs)) withPending.add(job);
    else withPending.delete(job);
  }

  async function review(name: string): Promise<void> {
    const job = jobs.get(name);
    if (job === undefined) return;
    try {
      const last = (await readJson<AlertState>(store, alertsKey(name)))?.value;
      const { runs, unreviewed } = await runsToReview(ledger, job, now(), last);
      const paused = ledger.jobState(name).known?.paused !== undefined;
      let [alerts, dropped]: [Alert[], PendingAlert[]] = [[], []];
      await update(name, (before) => {
        // Where others reviewed meanwhile, they know better what is left.
        const isLatest = before === undefined || isDeepStrictEqual(before.unreviewed, last?.unreviewed);
        const left = isLatest ? unreviewed : before.unreviewed;
        const found = reviewIncidents(job, runs, before, { now: now(), paused, unreviewed: left });
        alerts = found.alerts;
        if (alerts.length === 0 || !byName.has(job.alertChannel)) return found.state;
        const pending = [...found.state.pending, ...alerts.map((alert) => ({ ...alert, attempts: 0 }))];
        dropped = pending.splice(0, pending.length - MAX_PENDING);
        return { ...found.state, pending };
      });
      for (const alert of alerts) log.warn(`${headline(alert)}: ${alert.reason}`);
      logDropped(dropped);
    } catch (error) {
      log.warn(`${name}: could not check for alerts: ${errorText(error)}`);
    }
    if (withPending.has(name)) void deliveries.run(name);
  }

  /** Sends what is due of a job, in its order, so that no recovery comes before its failure. */
  async function deliver(job: string): Promise<void> {
    try {
      while (!closed) {
        let claim: Claim | undefined;
        await update(job, (before) => before && (claim = claimNext(before, now(), isOurs)).state);
        logDropped(claim?.dropped ?? []);
        if (claim?.alert === undefined) return;
        await send(job, claim.alert);
      }
    } catch (error) {
      log.warn(`${job}: could not send alerts: ${errorText(error)}`);
    }
  }

  async function send(job: string, alert: PendingAlert): Promise<void> {
    const replace = (by: PendingAlert[]) =>
      update(job, (before) => before && withReplacement(before, alert, by));
    if (!sent.has(alert.id)) {
      const failure = await attempt(alert);
      if (failure !== undefined) {
        log.warn(`${headline(alert)}: could not alert ${alert.channel}: ${failure.message}`);
        const attempts = alert.attempts + 1;
        // All waits are multiples of the interval in which pending alerts are looked at, so none is left to chance.
        const waitMs = Math.max(backoffMs(BACKOFF, attempts, () => 1), failure.waitMs);
        return await replace([{
          ...alert,
          attempts,
          notBefore: later(now(), Math.min(waitMs, BACKOFF.maxDelayMs)),
        }]);
      }
    }
    sent.add(alert.id);
    await replace([]);
    sent.delete(alert.id);
  }

  /** @returns why the alert was not taken, if it was not. */
  async function attempt(alert: PendingAlert): Promise<DeliveryError | undefined> {
    try {
      const message = alertMessage(alert, { publicUrl, logTail: await logTailOf(alert) });
      const problem = await byName.get(alert.channel)?.send(message);
      if (problem !== undefined) log.warn(`${headline(alert)}: ${alert.channel} was alerted, but ${problem}`);
    } catch (error) {
      if (error instanceof DeliveryError) return error;
      throw error;
    }
  }

  async function logTailOf(alert: Alert): Promise<string[]> {
    if (alert.kind !== "failed" || logTail === undefined) return [];
    try {
      return await logTail(alert);
    } catch (error) {
      log.warn(`${headline(alert)}: could not read its log: ${errorText(error)}`);
      return [];
    }
  }

  function logDropped(alerts: PendingAlert[]): void {
    for (const alert of alerts) {
      const attempts = countOf(alert.attempts, "failed attempt");
      log.warn(`${headline(alert)}: alert to ${alert.channel} dropped after ${attempts}`);
    }
  }

  return {
    review(job) {
      jobs.set(job.name, job);
      const { alertChannel } = job;
      if (!byName.has(alertChannel) && !loggedOnly.has(alertChannel)) {
        loggedOnly.add(alertChannel);
        log.info(
          `Alerts for ${alertChannel} are only logged, because SHOPFLOW_ALERT_CHANNELS has no such channel.`,
        );
      }
      return reviews.run(job.name);
    },
    async flush() {
      await reviews.idle();
      await Promise.all([...jobs.keys()].map(deliveries.run));
    },
    async close() {
      stopSweeping();
      stopResending();
      await reviews.idle();
      const stop = new AbortController();
      await Promise.race([deliveries.idle(), delay(CLOSE_MS, stop.signal)]);
      stop.abort();
      closed = true;
      await deliveries.idle();
    },
  };
}

const later = (now: Date, ms: number) => new Date(now.getTime() + ms).toISOString();

interface Claim {
  state: AlertState;
  /** To be sent now by whoever wrote the state. */
  alert?: PendingAlert;
  /** Nobody took them in time. */
  dropped: PendingAlert[];
}

/** Takes the oldest pending alert of our channels, if it is due, and keeps others from sending it for a while. */
function claimNext(state: AlertState, now: Date, isOurs: (alert: Alert) => boolean): Claim {
  const isOld = ({ at }: Alert) => now.getTime() - Date.parse(at) > MAX_AGE_MS;
  const dropped = state.pending.filter(isOld);
  const kept = dropped.length === 0
    ? state
    : { ...state, pending: state.pending.filter((alert) => !isOld(alert)) };
  const next = kept.pending.find(isOurs);
  const waitMs = next?.notBefore === undefined ? 0 : Date.parse(next.notBefore) - now.getTime();
  // A time that is further away than any wait was written by a clock that ran ahead.
  if (next === undefined || waitMs > 0 && waitMs <= BACKOFF.maxDelayMs) return { state: kept, dropped };
  const alert = { ...next, notBefore: later(now, CLAIM_MS) };
  return { state: withReplacement(kept, next, [alert]), alert, dropped };
}

/** Puts others, or none, in the place of an alert, if it is still there. */
function withReplacement(state: AlertState, { id }: Alert, by: PendingAlert[]): AlertState {
  if (!state.pending.some((alert) => alert.id === id)) return state;
  return { ...state, pending: state.pending.flatMap((alert) => alert.id === id ? by : [alert]) };
}

/** Runs work for a name one at a time; those who ask meanwhile share one more run of it. */
function oneAtATime(work: (name: string) => Promise<void>) {
  const running = new Map<string, { current: Promise<void>; next?: Promise<void> }>();
  const run = (name: string): Promise<void> => {
    const entry = running.get(name);
    if (entry !== undefined) return entry.next ??= entry.current.then(() => run(name));
    const current = work(name).finally(() => running.delete(name));
    running.set(name, { current });
    return current;
  };
  return {
    run,
    idle: async (): Promise<void> => {
      while (running.size > 0) {
        await Promise.all([...running.values()].map(({ current, next }) => next ?? current));
      }
    },
  };
}

/** An interval that keeps no program from ending. */
function backgroundInterval(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
