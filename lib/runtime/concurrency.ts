import pLimit from "p-limit";

/**
 * Works on items, at most so many at the same time. After a failure no further work begins; the error is thrown once
 * all work that had begun is over.
 *
 * @returns the results in the order of the items.
 */
export async function mapConcurrently<T, R>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(concurrency);
  const results: R[] = [];
  let failed = false;
  const outcomes = await Promise.allSettled(
    Array.from(items, (item, index) =>
      limit(async () => {
        if (failed) return;
        try {
          results[index] = await work(item, index);
        } catch (error) {
          failed = true;
          throw error;
        }
      })),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return results;
}
