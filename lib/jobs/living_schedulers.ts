import { type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import { SCHEDULERS } from "./ledger_keys.ts";
import { isRecord, type SchedulerRecord } from "./scheduler_lease.ts";

/** A scheduler of the lake, as people see it. */
export interface KnownScheduler extends SchedulerRecord {
  /** It said lately that it lives, by the clocks of both machines. */
  alive: boolean;
}

/** Leases that may pass without a sign of life before people are told that a scheduler is gone. */
const SILENT_LEASES = 3;

/**
 * The schedulers that ran on a lake within the last day or so, those that live first.
 *
 * @param onUnreadable Hears of records that cannot be read; the others are listed all the same.
 */
export async function listSchedulers(
  store: ObjectStore,
  now: Date,
  onUnreadable: (key: string, error: Error) => void = () => {},
): Promise<KnownScheduler[]> {
  const objects = (await store.list(SCHEDULERS)).filter(({ key }) => key.endsWith(".json"));
  const found = await Promise.all(objects.map(async ({ key }) => {
    try {
      // Between the list and the look it may be gone.
      const record = (await readJson<unknown>(store, key))?.value;
      const id = key.slice(SCHEDULERS.length, -".json".length);
      return isRecord(record, id) ? [{ ...record, alive: isAlive(record, now) }] : [];
    } catch (error) {
      onUnreadable(key, error as Error);
      return [];
    }
  }));
  return found.flat().sort((a, b) =>
    Number(b.alive) - Number(a.alive) || (a.startedAt < b.startedAt ? -1 : 1)
  );
}

/** Those that live, the oldest first; enough to tell people, not to take a run away. */
export async function livingSchedulers(store: ObjectStore, now: Date): Promise<KnownScheduler[]> {
  return (await listSchedulers(store, now)).filter(({ alive }) => alive);
}

function isAlive({ stopped, fencedBy, beatAt, leaseMs }: SchedulerRecord, now: Date): boolean {
  return stopped !== true && fencedBy === undefined &&
    now.getTime() - Date.parse(beatAt) <= SILENT_LEASES * leaseMs;
}
