/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  attempts: number;
  /** Wait after the first failure, in milliseconds; each further one doubles it. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Uniform in [0, 1): half of each wait is left to chance, so that clients that failed together don't return so. */
  random(): number;
  wait(ms: number): Promise<void>;
}

/** Waits 10 to 20 seconds in all: a server that restarts is back by then. */
export const PATIENT: RetryPolicy = {
  attempts: 10,
  firstDelayMs: 100,
  maxDelayMs: 5000,
  random: Math.random,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Exponential backoff with jitter.
 *
 * @param attempt Gets the number of attempts that failed before it.
 * @param mayPass Whether a failure may be gone the next time, after `failures` of them.
 */
export async function withRetries<T>(
  attempt: (failures: number) => Promise<T>,
  mayPass: (error: unknown, failures: number) => boolean,
  policy: RetryPolicy,
): Promise<T> {
  for (let failures = 0;;) {
    try {
      return await attempt(failures);
    } catch (error) {
      failures++;
      if (failures >= policy.attempts || !mayPass(error, failures)) throw error;
      const longest = Math.min(policy.firstDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
      await policy.wait(longest * (0.5 + 0.5 * policy.random()));
    }
  }
}
