import type { Ledger } from "../ledger.ts";
import { jobFolder } from "../ledger_keys.ts";
import { NO_TOTALS, type PageTotals, pageTotals, sumOf } from "./page_totals.ts";

/** Adds up the whole ledger of a job; pages that have not changed since the last time are not read again. */
export type JobTotals = (job: string) => Promise<PageTotals>;

/** A page that was written more lately may be written again without a difference in time and size. */
const SETTLED_MS = 60_000;
/** Pages that are read at the same time. */
const AT_ONCE = 16;

export function jobTotals(ledger: Ledger, now: () => Date): JobTotals {
  const known = new Map<string, { tag: string; totals: PageTotals }>();

  async function totalsOf(job: string, key: string, tag: string, settled: boolean): Promise<PageTotals> {
    const before = known.get(key);
    if (before?.tag === tag) return before.totals;
    const totals = pageTotals(await ledger.page(job, key.slice(-15, -5)).read());
    if (settled) known.set(key, { tag, totals });
    else known.delete(key);
    return totals;
  }

  return async (job) => {
    const pages = await ledger.store.list(`${jobFolder(job)}slots/`);
    let sum = NO_TOTALS;
    const waiting = pages.values();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const { key, size, modified } of waiting) {
        const settled = Math.abs(now().getTime() - modified.getTime()) > SETTLED_MS;
        const totals = await totalsOf(job, key, `${size} ${modified.toISOString()}`, settled);
        sum = sumOf(sum, totals);
      }
    }));
    return sum;
  };
}
