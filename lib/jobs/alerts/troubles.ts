import type { Job } from "../job.ts";
import { hasSucceeded, isOpen, type Slot } from "../slot.ts";
import type { Trouble } from "./track.ts";

/** What ended longer ago is no news any more: 3 days. */
const NEWS_MS = 3 * 24 * 60 * 60 * 1000;

/** Who asks for a run watches it; nobody else waits for it. */
const isScheduled = ({ requestedBy }: Slot) => requestedBy === undefined;

const isNews = ({ endedAt }: Slot, now: Date) =>
  endedAt === undefined || now.getTime() - Date.parse(endedAt) < NEWS_MS;

/** Slots that failed for good, unless a person cancelled or asked for them. */
export function failures(slots: Slot[], now: Date): Trouble[] {
  return slots.filter((slot) =>
    slot.status === "failed" && slot.cancelledBy === undefined && isScheduled(slot) && isNews(slot, now)
  ).map(({ slot, endedAt, reason }) => ({ slot, since: endedAt!, reason }));
}

/** The newest success at or after a slot that failed; it may be one that a person asked for, of the same slot too. */
export function newestSuccess(slots: Slot[], lastSlot: string): string | undefined {
  return slots.findLast((slot) => hasSucceeded(slot) && slot.slot >= lastSlot)?.slot;
}

/**
 * Slots that did not succeed within the SLA. Of those that ended without success only the newest counts: a later
 * slot that goes on or succeeded stands for it. While a job is paused, what is open waits by a person's will.
 */
export function overdueSlots(job: Job, slots: Slot[], now: Date, paused: boolean): Trouble[] {
  const { slaMinutes } = job;
  if (slaMinutes === undefined) return [];
  const scheduled = slots.filter(isScheduled);
  return scheduled.flatMap((slot, i): Trouble[] => {
    const deadline = Date.parse(slot.slot) + slaMinutes * 60_000;
    if (deadline >= now.getTime() || !isNews(slot, now)) return [];
    const since = new Date(deadline).toISOString();
    const found = (reason: string) => [{ slot: slot.slot, since, reason }];
    if (slot.status === "late") return found(slot.reason);
    if (isOpen(slot)) {
      const state = slot.status === "running" ? "it still runs" : `it is ${slot.status} (${slot.reason})`;
      return paused ? [] : found(`${slaMinutes} minutes after it was due, ${state}`);
    }
    const standsFor = (later: Slot) => isOpen(later) || hasSucceeded(later);
    if (!wasWanted(slot) || scheduled.slice(i + 1).some(standsFor)) return [];
    return found(
      slot.status === "failed" ? `it failed: ${slot.reason}` : `it was ${slot.status}: ${slot.reason}`,
    );
  });
}

/** It ended without success, and not by anybody's will. */
function wasWanted({ status, cancelledBy, blockedBy }: Slot): boolean {
  if (status === "failed") return cancelledBy === undefined;
  if (status === "missed") return true;
  // Others that were skipped were paused, overlapped or cancelled.
  return status === "skipped" && blockedBy !== undefined;
}

/** The newest slot after an overdue one that kept the SLA, once nothing overdue is open. */
export function keptAgain(job: Job, slots: Slot[], lastSlot: string, now: Date): string | undefined {
  const open = overdueSlots(job, slots.filter(isOpen), now, false);
  if (open.length > 0) return undefined;
  return slots.findLast((slot) => slot.status === "succeeded" && isScheduled(slot) && slot.slot > lastSlot)
    ?.slot;
}
