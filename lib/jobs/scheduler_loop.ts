import type { Logger } from "shopflow/runtime/mod.ts";
import type { Scheduler } from "./scheduler.ts";

export interface LoopOptions {
  log: Logger;
  now: () => Date;
  /** Of the scheduler, in milliseconds: renewed three times as often. */
  leaseMs: number;
  /** Between looks whether somebody rang, in milliseconds; default 2000. */
  pollMs?: number;
}

/** A scheduler at work. */
export interface SchedulerLoop {
  /** Looks at everything now: called by the ticker. */
  tick(): void;
  /** Nothing new starts; runs may go on for `graceMs`, then they are handed over. */
  stop(graceMs: number): Promise<void>;
}

const POLL_MS = 2000;

/** Lets a scheduler work until it is stopped. What it cannot do now, because the lake fails, it does later. */
export async function runScheduler(
  scheduler: Scheduler,
  { log, now, leaseMs, pollMs = POLL_MS }: LoopOptions,
): Promise<SchedulerLoop> {
  let stopping = false;
  let look = true;
  let wake = () => {};
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      log.warn(`${what}: ${(error as Error).message}`);
    }
  };

  await scheduler.begin();
  let beating: Promise<void> | undefined;
  const beat = () => {
    beating ??= attempt("The scheduler's lease", scheduler.keepAlive).finally(() => beating = undefined);
  };
  const heart = setInterval(beat, leaseMs / 3);
  beat();

  async function sleep(): Promise<void> {
    const due = scheduler.nextWake()?.getTime() ?? Infinity;
    const ms = Math.max(0, Math.min(pollMs, due - now().getTime()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  const rounds = (async () => {
    while (!stopping) {
      const lookNow = look;
      look = false;
      await attempt("The ledger cannot be kept", () => scheduler.round(lookNow));
      if (!look && !stopping) await sleep();
    }
  })();

  return {
    tick() {
      look = true;
      wake();
    },
    async stop(graceMs) {
      stopping = true;
      wake();
      await rounds;
      // The lease is renewed until the last run has ended.
      await scheduler.stop(graceMs);
      clearInterval(heart);
      await beating;
    },
  };
}
