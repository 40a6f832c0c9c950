import { backoffMs, countOf, delay, type Logger, retry } from "shopflow/runtime/mod.ts";

/** How long a source that was lost is tried again. */
interface RetryOptions {
  /**
   * Milliseconds without a connection, in all, after which a source is given up: waits, and attempts in which the source
   * never answered. Time in which a source works does not count.
   */
  boundMs: number;
  /** The first wait in milliseconds; each further one is twice as long, up to {@linkcode MAX_WAIT_MS}. */
  firstWaitMs?: number;
  log: Logger;
}

/** One attempt at some work. */
interface Attempt {
  /** 1 for the first. */
  number: number;
  /** Must be called when the source answers: the attempt's time does not count as lost then. */
  connected(): void;
}

/** Time and chance, which tests replace. */
export interface RetryEffects {
  /** Milliseconds that only ever grow. */
  clock(): number;
  wait(milliseconds: number): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

const FIRST_WAIT_MS = 500;
/** A server that restarts is found within this time. */
export const MAX_WAIT_MS = 10_000;

const REAL: RetryEffects = { clock: () => performance.now(), wait: delay, random: Math.random };

/**
 * Repeats `work` while it fails with errors that may pass, with exponential backoff and jitter, until the source was
 * lost for `boundMs` in all. The last attempt is made when that time is over. Each repetition is one line in the log.
 *
 * @param mayPass Given the error and the number of the attempt; a number is the milliseconds that the source asked to
 *   wait. Where that is longer than what is left, the source is given up at once.
 * @throws what the last attempt threw, or an error that does not pass.
 */
export async function retryWhileLost<T>(
  work: (attempt: Attempt) => Promise<T>,
  mayPass: (error: unknown, attempt: number) => boolean | number,
  { boundMs, firstWaitMs = FIRST_WAIT_MS, log }: RetryOptions,
  { clock, wait, random }: RetryEffects = REAL,
): Promise<T> {
  const backoff = { firstDelayMs: firstWaitMs, maxDelayMs: MAX_WAIT_MS };
  let lostMs = 0;
  let started = 0;
  let isConnected = false;
  return await retry(
    (failures) => {
      started = clock();
      isConnected = false;
      return work({ number: failures + 1, connected: () => void (isConnected = true) });
    },
    (error, failures) => {
      const passing = mayPass(error, failures);
      if (passing === false) return undefined;
      if (!isConnected) lostMs += clock() - started;
      const left = boundMs - lostMs;
      const asked = typeof passing === "number" ? passing : undefined;
      const isTooLong = asked !== undefined && asked > left;
      if (left <= 0 || isTooLong) {
        if (boundMs > 0) log.warn(givenUp(failures, boundMs, isTooLong ? asked : undefined));
        return undefined;
      }
      const pause = Math.min(asked ?? backoffMs(backoff, failures, random), left);
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(
        `${reason} Trying again in ${seconds(pause)} (attempt ${failures + 1}; for ${
          seconds(left)
        } at most).`,
      );
      lostMs += pause;
      return pause;
    },
    wait,
  );
}

function givenUp(attempts: number, boundMs: number, asked: number | undefined): string {
  const reason = asked === undefined
    ? `lost for ${seconds(boundMs)} in all`
    : `the source asks to wait ${seconds(asked)}, longer than the ${seconds(boundMs)} that are allowed`;
  return `Given up after ${countOf(attempts, "attempt")}: ${reason}. ` +
    "SHOPFLOW_RECONNECT_SECONDS sets the limit.";
}

/** `0.25 s`, `12.3 s`, `120 s`. */
const seconds = (milliseconds: number) => `${Number((milliseconds / 1000).toPrecision(3))} s`;
