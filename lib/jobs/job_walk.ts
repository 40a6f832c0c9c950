import type { Random } from "shopflow/runtime/mod.ts";
import type { Job } from "./job.ts";

/** Jobs that are looked at side by side. */
const AT_ONCE = 16;

/**
 * Goes through jobs, several side by side. One of them fails: the others go on.
 *
 * @param random Schedulers look at jobs in different orders, so that they seldom want the same one.
 * @param onProblem Hears of a job whose work failed.
 */
export function createJobWalk(
  jobs: readonly Job[],
  random: Random,
  onProblem: (job: Job, error: Error) => void,
): (work: (job: Job) => Promise<void>) => Promise<void> {
  const first = Math.floor(random() * jobs.length);
  const order = [...jobs.slice(first), ...jobs.slice(0, first)];
  return async (work) => {
    const waiting = order.values();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const job of waiting) {
        try {
          await work(job);
        } catch (error) {
          onProblem(job, error as Error);
        }
      }
    }));
  };
}
