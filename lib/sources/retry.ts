import type { Logger } from "shopflow/runtime/mod.ts";

/** How long a source that was lost is tried again. */
interface RetryOptions {
  /**
   * Milliseconds without a connection, in all, after which a source is given up: waits, and attempts in which the source
   * never answered. Time in which a source works does not count.
   */
  boundMs: number;
  /** The first wait in milliseconds; each further one is twice as long, up to {@linkcode LONGEST_WAIT_MS}. */
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
  /** Uniform in [0, 1): half of each wait is left to chance, so that clients that failed together don't return so. */
  random(): number;
}

const FIRST_WAIT_MS = 500;
/** A server that restarts is found within this time. */
export const LONGEST_WAIT_MS = 10_000;

/** Waits for some milliseconds. */
export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

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
  let lostMs = 0;
  for (let number = 1;; number++) {
    const started = clock();
    let isConnected = false;
    try {
      return await work({ number, connected: () => void (isConnected = true) });
    } catch (error) {
      const passing = mayPass(error, number);
      if (passing === false) throw error;
      if (!isConnected) lostMs += clock() - started;
      const left = boundMs - lostMs;
      const longest = Math.min(firstWaitMs * 2 ** (number - 1), LONGEST_WAIT_MS);
      const wanted = typeof passing === "number" ? passing : longest * (0.5 + 0.5 * random());
      const isTooLong = typeof passing === "number" && passing > left;
      if (left <= 0 || isTooLong) {
        if (boundMs > 0) log.warn(givenUp(number, boundMs, isTooLong ? wanted : undefined));
        throw error;
      }
      const pause = Math.min(wanted, left);
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(
        `${reason} Trying again in ${seconds(pause)} (attempt ${number + 1}; for ${seconds(left)} at most).`,
      );
      await wait(pause);
      lostMs += pause;
    }
  }
}

function givenUp(attempts: number, boundMs: number, asked: number | undefined): string {
  const reason = asked === undefined
    ? `lost for ${seconds(boundMs)} in all`
    : `the source asks to wait ${seconds(asked)}, longer than the ${seconds(boundMs)} that are allowed`;
  return `Given up after ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}: ${reason}. ` +
    "SHOPFLOW_RECONNECT_SECONDS sets the limit.";
}

/** `0.25 s`, `12.3 s`, `120 s`. */
const seconds = (milliseconds: number) => `${Number((milliseconds / 1000).toPrecision(3))} s`;
