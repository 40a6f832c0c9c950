import type { Page } from "../slot_page.ts";
import { type Attempt, type FinalStatus, hasSucceeded, isFinal, isOpen, type Slot } from "../slot.ts";

/** What a page of the ledger comes to. Times are ISO, UTC. */
export interface PageTotals {
  /** Slots that ended, by how. */
  ended: Partial<Record<FinalStatus, number>>;
  /** Tries, by how they ended. */
  attempts: Partial<Record<NonNullable<Attempt["ended"]>, number>>;
  /** When a slot ended last, and when one succeeded last. */
  lastEnd?: string;
  lastSuccess?: string;
  /** The try that ended last. */
  lastAttempt?: Attempt;
  /** Those that have not ended. */
  open: Slot[];
}

/** What no slots at all come to. */
export const NO_TOTALS: PageTotals = { ended: {}, attempts: {}, open: [] };

/** Adds up a page. */
export function pageTotals({ slots }: Page): PageTotals {
  return Object.values(slots).map(slotTotals).reduce(sumOf, NO_TOTALS);
}

/** Both together. */
export function sumOf(a: PageTotals, b: PageTotals): PageTotals {
  const finishedAt = (attempt?: Attempt) => attempt?.finishedAt ?? "";
  return {
    ended: added(a.ended, b.ended),
    attempts: added(a.attempts, b.attempts),
    lastEnd: later(a.lastEnd, b.lastEnd),
    lastSuccess: later(a.lastSuccess, b.lastSuccess),
    lastAttempt: finishedAt(b.lastAttempt) > finishedAt(a.lastAttempt) ? b.lastAttempt : a.lastAttempt,
    open: a.open.length === 0 ? b.open : b.open.length === 0 ? a.open : [...a.open, ...b.open],
  };
}

function slotTotals(slot: Slot): PageTotals {
  const finished = slot.attempts.filter(({ finishedAt }) => finishedAt !== undefined);
  return {
    ended: isFinal(slot.status) ? { [slot.status]: 1 } : {},
    attempts: slot.attempts.reduce<PageTotals["attempts"]>(
      (sum, { ended }) => ended === undefined ? sum : added(sum, { [ended]: 1 }),
      {},
    ),
    lastEnd: slot.endedAt,
    lastSuccess: hasSucceeded(slot) ? slot.endedAt : undefined,
    lastAttempt: finished.at(-1),
    open: isOpen(slot) ? [slot] : [],
  };
}

function added<K extends string>(
  a: Partial<Record<K, number>>,
  b: Partial<Record<K, number>>,
): Partial<Record<K, number>> {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b) as [K, number][]) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

const later = (a: string | undefined, b: string | undefined) => (a ?? "") > (b ?? "") ? a : b;
