import { type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import { SCHEDULERS } from "./ledger_keys.ts";
import type { SchedulerRecord } from "./scheduler_lease.ts";

/** A scheduler as people see it. */
export interface LivingScheduler {
  id: string;
  /** Host and process. */
  owner: string;
  startedAt: string;
  /** Its last sign of life. */
  beatAt: string;
}

/** After so many leases without a sign of life, a scheduler is not counted as living any more. */
const SILENT_LEASES = 3;

/**
 * The schedulers that run on a lake, the oldest first, by their clocks and ours: enough to tell people, not to
 * take a run away.
 */
export async function livingSchedulers(store: ObjectStore, now: Date): Promise<LivingScheduler[]> {
  const keys = (await store.list(SCHEDULERS)).map(({ key }) => key);
  const records = await Promise.all(keys.map((key) => readJson<SchedulerRecord>(store, key)));
  return records.flatMap((found) => {
    // One that was deleted since it was listed is gone.
    if (found === undefined) return [];
    const { id, owner, startedAt, beatAt, leaseMs, stopped, fencedBy } = found.value;
    const silentMs = now.getTime() - Date.parse(beatAt);
    const lives = !stopped && fencedBy === undefined && silentMs <= SILENT_LEASES * leaseMs;
    return lives ? [{ id, owner, startedAt, beatAt }] : [];
  }).sort((a, b) => a.startedAt < b.startedAt ? -1 : 1);
}
