import type { Ledger } from "../ledger.ts";
import { dayIn, dayOf, pagesFolder } from "../ledger_keys.ts";
import type { Slot } from "../slot.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** So many of the newest days with slots are looked at from time to time, however long ago they are. */
const NEWEST_DAYS = 4;

/**
 * Slots of a job that may be news: of days with open slots, of today and yesterday.
 *
 * @param thorough Look at the newest other days too, for slots of long ago that were entered as missed just now.
 */
export async function slotsToReview(
  ledger: Ledger,
  job: string,
  now: Date,
  thorough: boolean,
): Promise<Slot[]> {
  await ledger.refresh(job);
  const { openDays } = ledger.control(job).known!;
  const days = new Set([
    ...Object.keys(openDays),
    // Tomorrow's day may have begun on another scheduler's clock.
    ...[60_000, 0, -DAY_MS].map((ms) => dayOf(new Date(now.getTime() + ms).toISOString())),
    ...(thorough ? await newestDays(ledger, job) : []),
  ]);
  const pages = await Promise.all([...days].map((day) => ledger.page(job, day).read()));
  // That a slot runs is not on its page.
  const open = new Map(ledger.openSlots(job).map((slot) => [slot.slot, slot]));
  return pages.flatMap(({ slots }) => Object.values(slots).map((slot) => open.get(slot.slot) ?? slot))
    .sort((a, b) => a.slot < b.slot ? -1 : 1);
}

async function newestDays(ledger: Ledger, job: string): Promise<string[]> {
  const pages = await ledger.store.list(pagesFolder(job));
  return pages.slice(-NEWEST_DAYS).map(({ key }) => dayIn(key));
}
