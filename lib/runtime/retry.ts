/** How long the waits between attempts are. */
export interface Backoff {
  /** Longest first wait in milliseconds; each further one may be twice as long. */
  firstDelayMs: number;
  /** No wait is longer, in milliseconds. */
  maxDelayMs: number;
}

/** Waits for some milliseconds, or until the signal is aborted, which is no error. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}

/**
 * Exponential backoff with jitter, in milliseconds: half of each wait is left to chance, so that clients that failed
 * together do not return together.
 *
 * @param failures Attempts that failed so far, 1 after the first.
 * @param random Uniform in [0, 1).
 */
export function backoffMs(
  { firstDelayMs, maxDelayMs }: Backoff,
  failures: number,
  random: () => number = Math.random,
): number {
  const longest = Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs);
  return Math.round(longest * (0.5 + 0.5 * random()));
}

/**
 * Repeats `attempt` until it succeeds, or until `pauseAfter` says that an error is final.
 *
 * @param attempt Gets the number of attempts that failed before it.
 * @param pauseAfter Given an error and the number of failures so far: milliseconds to wait before the next attempt, or
 *   undefined to give up.
 * @param wait Replaced in tests.
 * @throws what the last attempt threw.
 */
export async function retry<T>(
  attempt: (failures: number) => Promise<T>,
  pauseAfter: (error: unknown, failures: number) => number | undefined,
  wait: (milliseconds: number) => Promise<void> = (milliseconds) => delay(milliseconds),
): Promise<T> {
  for (let failures = 0;;) {
    try {
      return await attempt(failures);
    } catch (error) {
      const pause = pauseAfter(error, ++failures);
      if (pause === undefined) throw error;
      await wait(pause);
    }
  }
}
