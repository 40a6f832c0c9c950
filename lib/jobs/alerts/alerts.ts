import { errorText } from "shopflow/errors/mod.ts";
import type { Job } from "../job.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { alertsKey } from "../ledger/keys.ts";
import { type SharedObject, sharedObject } from "../ledger/shared_object.ts";
import { headline } from "./message.ts";
import { createDelivery, type DeliveryOptions, EMPTY, isState, post, type Stored } from "./outbox.ts";
import { reviewAlerts, runsToReview } from "./incidents.ts";

export interface AlertsOptions extends DeliveryOptions {
  ledger: Ledger;
  /**
   * How often all jobs that were reviewed once are reviewed again, in milliseconds; default 5 minutes. It finds what a
   * scheduler that died could not tell.
   */
  sweepMs?: number;
}

/** Tells of failures, missed SLAs and recoveries, each once, however many schedulers look. */
export interface Alerts {
  /**
   * Looks whether there is something to tell about a job, and writes it down; it is sent in the background. Never
   * rejects. Calls while one is on its way are answered by one more look.
   */
  review(job: Job): Promise<void>;
  /** Sends what is due to be sent, of all jobs that were reviewed, and waits for it. Never rejects. */
  flush(): Promise<void>;
  /** Ends the background, after what is due was sent; what waits is for others, or for the next start. */
  close(): Promise<void>;
}

const SWEEP_MS = 5 * 60 * 1000;

/**
 * Alerts of the jobs of a ledger, for one process. Those of a job whose `alert` is none of `channels` are logged only. Its
 * timers keep no program from ending; `close` stops them.
 */
export function createAlerts(options: AlertsOptions): Alerts {
  const { ledger, channels, runtime: { now, log } } = options;
  const names = new Set(channels.map(({ name }) => name));
  const jobs = new Map<string, Job>();
  const states = new Map<string, SharedObject<Stored>>();
  const reviews = new Map<string, { current: Promise<void>; next?: Promise<void> }>();
  const said = new Set<string>();
  const state = (job: string) => {
    const found = states.get(job) ?? sharedObject<Stored>(ledger.store, alertsKey(job), EMPTY);
    states.set(job, found);
    return found;
  };
  const delivery = createDelivery({ ...options, state });
  const sweepTimer = setInterval(() => void sweep(), options.sweepMs ?? SWEEP_MS);
  sweepTimer.unref();

  /** One look goes on at a time; those who ask meanwhile share the next one. */
  function soon(job: string, work: () => Promise<void>): Promise<void> {
    const going = reviews.get(job);
    if (going !== undefined) {
      going.next ??= going.current.then(() => soon(job, work));
      return going.next;
    }
    const current = work().finally(() => reviews.delete(job));
    reviews.set(job, { current });
    return current;
  }

  async function look(job: Job, thorough: boolean): Promise<void> {
    try {
      const runs = await runsToReview(ledger, job.name, now(), thorough);
      const paused = ledger.control(job.name).known?.paused !== undefined;
      const { alerts, givenUp, waiting } = await state(job.name).update((value) => {
        const before = isState(value) ? value : undefined;
        const reviewed = reviewAlerts(job, runs, before, { now: now(), paused });
        const posted = post(reviewed.state, names.has(job.alertChannel) ? reviewed.alerts : []);
        return {
          ...(posted.state === value ? {} : { value: posted.state }),
          result: {
            alerts: reviewed.alerts,
            givenUp: posted.givenUp,
            waiting: posted.state.outbox.length > 0,
          },
        };
      });
      for (const alert of alerts) log.warn(`${headline(alert)}: ${alert.reason}`);
      delivery.giveUp(givenUp);
      if (waiting) void delivery.deliver(job.name);
    } catch (error) {
      log.warn(`${job.name}: could not check for alerts: ${errorText(error)}`);
    }
  }

  async function sweep(): Promise<void> {
    await Promise.all([...jobs.values()].map((job) => soon(job.name, () => look(job, true))));
  }

  function sayWhere({ alertChannel }: Job): void {
    if (names.has(alertChannel) || said.has(alertChannel)) return;
    said.add(alertChannel);
    log.info(
      `Alerts for ${alertChannel} are written here only: SHOPFLOW_ALERT_CHANNELS does not say where else.`,
    );
  }

  const reviewed = () => Promise.all([...reviews.values()].map(({ current, next }) => next ?? current));

  return {
    review(job) {
      const isNew = !jobs.has(job.name);
      jobs.set(job.name, job);
      sayWhere(job);
      return soon(job.name, () => look(job, isNew));
    },
    async flush() {
      await reviewed();
      await Promise.all([...jobs.keys()].map(delivery.deliver));
    },
    async close() {
      clearInterval(sweepTimer);
      await reviewed();
      await delivery.close();
    },
  };
}
