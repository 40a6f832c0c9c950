import type { Logger } from "shopflow/runtime/mod.ts";

export interface RetryOptions {
  /** Tries in all. */
  tries?: number;
  /** Milliseconds before the second try; each further pause is twice as long. */
  pause?: number;
  log: Logger;
}

/** Waits for some milliseconds. */
export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Does `work` again when it fails with an error that `again` calls passing, with growing pauses.
 *
 * @param again Given the error and the number of the try; a number is the pause in milliseconds to make instead.
 * @throws what the last try threw, or an error that is not passing.
 */
export async function withRetries<T>(
  work: (attempt: number) => Promise<T>,
  again: (error: unknown, attempt: number) => boolean | number,
  { tries = 3, pause = 1000, log }: RetryOptions,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const passing = again(error, attempt);
      if (attempt === tries || passing === false) throw error;
      const wait = typeof passing === "number" ? passing : pause * 2 ** (attempt - 1);
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(`${reason} Trying again (${attempt + 1} of ${tries}) in ${wait / 1000} s.`);
      await delay(wait);
    }
  }
}
