import type { Ledger } from "../ledger.ts";
import { dayIn, pagesFolder } from "../ledger_keys.ts";
import { isDamage } from "./damage.ts";
import { NO_TOTALS, type PageTotals, pageTotals, sumOf } from "./page_totals.ts";

/** Adds up the whole ledger of a job; pages that have not changed since the last time are not read again. */
export type JobTotals = (job: string, onUnreadable: Unreadable) => Promise<PageTotals>;

/** Hears of an object of the ledger that is there and cannot be read. */
export type Unreadable = (key: string, error: Error) => void;

/** A page that was written more lately may be written again without a difference in time and size. */
const SETTLED_MS = 60_000;
/** Pages that are read at the same time. */
const AT_ONCE = 16;

/**
 * Adds up the jobs of a ledger. A page that is damaged counts as what it last came to, or nothing.
 *
 * @param now Tells pages that may still be written, which are read again every time.
 */
export function jobTotals(ledger: Ledger, now: () => Date): JobTotals {
  const known = new Map<string, { tag: string; totals: PageTotals }>();

  async function totalsOf(
    { job, key, tag, settled }: { job: string; key: string; tag: string; settled: boolean },
    onUnreadable: Unreadable,
  ): Promise<PageTotals> {
    const before = known.get(key);
    if (before?.tag === tag) return before.totals;
    let totals: PageTotals;
    try {
      totals = pageTotals(await ledger.page(job, dayIn(key)).read());
    } catch (error) {
      if (!isDamage(error)) throw error;
      onUnreadable(key, error as Error);
      // What it once came to: a counter that falls would look like a restart, and count all of it again.
      return before?.totals ?? NO_TOTALS;
    }
    // A page that may still be written is read again; what it came to is kept for when it is damaged.
    known.set(key, { tag: settled ? tag : "", totals });
    return totals;
  }

  return async (job, onUnreadable) => {
    const pages = await ledger.store.list(pagesFolder(job));
    let sum = NO_TOTALS;
    const waiting = pages.values();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const { key, size, modified } of waiting) {
        const settled = Math.abs(now().getTime() - modified.getTime()) > SETTLED_MS;
        const page = { job, key, tag: `${size} ${modified.toISOString()}`, settled };
        const totals = await totalsOf(page, onUnreadable);
        sum = sumOf(sum, totals);
      }
    }));
    return sum;
  };
}
