import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import type { Lease } from "shopflow/runtime/process/mod.ts";
import { SCHEDULERS } from "../ledger/keys.ts";

/** What `leases/schedulers/<id>.json` holds. */
export interface SchedulerRecord {
  id: string;
  /** Host and process, for people. */
  owner: string;
  startedAt: string;
  /** When it last said that it lives, by its own clock: for people; who may trust clocks decides by it, see `trustClocks`. */
  heartbeatAt: string;
  heartbeats: number;
  leaseMs: number;
  /** Names of the jobs that it knows. */
  jobs?: string[] | undefined;
  /** Of one that ends when nothing is left to be done: within so long the next one is started. */
  nextWithinMs?: number | undefined;
  /** Who took it for dead; it has no say any more. */
  fencedBy?: string;
  stopped?: boolean;
}

/**
 * That a scheduler lives. It says so by changing its record before `leaseMs` are over. Others who saw no change for
 * longer take it for dead and say so in the record, which it finds when it wants to change it the next time: it has
 * lost its runs then. Only time that passed is compared, never clocks of two machines.
 */
export interface SchedulerLease extends Lease {
  readonly id: string;
  /** Aborted once the lease is lost or ended. */
  readonly lost: AbortSignal;
  /** Whether it was renewed so lately that it is worth while to start something. */
  mayStart(): boolean;
  /** Renews it. A store that cannot be reached is no reason to give up before the lease is over. */
  renew(): Promise<void>;
  /** Says that it ends by its own will, so that nobody needs to wait. */
  release(): Promise<void>;
}

/** The clocks that leases go by; tests replace them. */
export interface LeaseClock {
  /** Milliseconds that passed, like `performance.now()`; it may stand still while the machine sleeps. */
  elapsed(): number;
  /** Milliseconds since 1970 by the clock of the day, which goes on meanwhile. */
  timeOfDay(): number;
}

const SYSTEM_CLOCK: LeaseClock = { elapsed: () => performance.now(), timeOfDay: () => Date.now() };

/** Whether JSON in the place of a scheduler's record is one. */
const isRecord = (value: unknown, id: string): value is SchedulerRecord => {
  const record = value as Partial<SchedulerRecord> | null;
  return record?.id === id && typeof record.leaseMs === "number" && typeof record.heartbeatAt === "string";
};

/** Where a scheduler's record is. */
export const leaseKey = (id: string) => `${SCHEDULERS}${id}.json`;

/**
 * How much longer than the lease others wait: what ran under it is killed before it is over, which takes a while on a
 * machine that has much to do.
 */
const MARGIN = 1.5;

/**
 * Writes the record of a scheduler that begins.
 *
 * @param jobs Names of the jobs that it knows.
 * @throws {LakeError} when the store cannot be written.
 */
export async function takeSchedulerLease(
  store: ObjectStore,
  { id, owner, leaseMs, now, jobs, nextWithinMs, clock = SYSTEM_CLOCK }: {
    id: string;
    owner: string;
    leaseMs: number;
    now: () => Date;
    jobs?: string[] | undefined;
    nextWithinMs?: number | undefined;
    clock?: LeaseClock | undefined;
  },
): Promise<SchedulerLease> {
  const over = new AbortController();
  let record: SchedulerRecord = {
    id,
    owner,
    startedAt: now().toISOString(),
    heartbeatAt: now().toISOString(),
    heartbeats: 0,
    leaseMs,
    jobs,
    nextWithinMs,
  };
  const moment = () => ({ elapsed: clock.elapsed(), timeOfDay: clock.timeOfDay() });
  let sureFrom = moment();
  let { etag } = await store.put(leaseKey(id), encodeJson(record));
  const write = async (next: SchedulerRecord) => {
    let written = await store.putIfMatch(leaseKey(id), encodeJson(next), etag);
    if (written === undefined) {
      // Our own write before may have arrived although it failed; anyone else's says that we are fenced.
      const found = await readJson<SchedulerRecord>(store, leaseKey(id));
      if (found === undefined || found.value.fencedBy !== undefined) return false;
      written = await store.putIfMatch(leaseKey(id), encodeJson(next), found.etag);
    }
    if (written !== undefined) [record, etag] = [next, written.etag];
    return written !== undefined;
  };
  /** One write at a time. */
  let turn: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  const renewals = new Set<() => void>();
  const heldUntil = () => {
    // The time that the machine slept is on the clock of the day only. Should that be set, at worst a start is missed.
    const ranOut = over.signal.aborted || clock.timeOfDay() - sureFrom.timeOfDay > leaseMs;
    return ranOut ? 0 : sureFrom.elapsed + leaseMs;
  };
  return {
    id,
    lost: over.signal,
    leaseMs,
    heldUntil,
    mayStart: () => heldUntil() - clock.elapsed() > leaseMs / 2,
    onRenewal(renewed) {
      renewals.add(renewed);
      return () => renewals.delete(renewed);
    },
    renew: () =>
      inTurn(async () => {
        if (over.signal.aborted) return;
        const asked = moment();
        if (await write({ ...record, heartbeats: record.heartbeats + 1, heartbeatAt: now().toISOString() })) {
          sureFrom = asked;
          renewals.forEach((renewed) => renewed());
        } else over.abort(new Error("another scheduler found this one's lease expired"));
      }),
    release: () =>
      inTurn(async () => {
        if (over.signal.aborted) return;
        over.abort(new Error("the scheduler ended"));
        await write({ ...record, stopped: true });
      }),
  };
}

/** Watches the leases of other schedulers. */
export interface SchedulerWatch {
  /** Looks who lives. @returns the ids that are dead or ended, which hold nothing any more. */
  look(): Promise<Set<string>>;
  /**
   * Whether a scheduler is known to hold nothing any more. One that was never seen is looked for: its record may have
   * been deleted, long after its end.
   */
  isGone(id: string): Promise<boolean>;
}

/** How long the record of one that is gone is kept, so that all others see it: a day. */
const FORGET_MS = 24 * 60 * 60 * 1000;

/**
 * @param self Id of the one that watches.
 * @param trustClocks Take one for dead also when its last sign of life is far in the past by the clock; for programs
 *   that don't live long enough to wait.
 */
export function watchSchedulers(
  store: ObjectStore,
  { self, now, trustClocks = false, clock = SYSTEM_CLOCK }: {
    self: () => string;
    now: () => Date;
    trustClocks?: boolean | undefined;
    clock?: LeaseClock | undefined;
  },
): SchedulerWatch {
  /** When the present record of each was first seen. */
  const seen = new Map<string, { etag: string; since: number }>();
  const gone = new Set<string>();

  async function check(key: string): Promise<void> {
    const id = key.slice(SCHEDULERS.length, -".json".length);
    if (id === self() || gone.has(id)) return;
    const found = await readJson<unknown>(store, key);
    if (found === undefined) return void gone.add(id);
    const { value: record, etag } = found;
    // JSON of another program is nobody's sign of life, and stays as it is.
    if (!isRecord(record, id)) return;
    if (record.stopped || record.fencedBy !== undefined) return void gone.add(id);
    const before = seen.get(id);
    if (before?.etag !== etag) seen.set(id, { etag, since: clock.elapsed() });
    const silentMs = before?.etag === etag ? clock.elapsed() - before.since : 0;
    const byClock = trustClocks && now().getTime() - Date.parse(record.heartbeatAt) > 3 * record.leaseMs;
    if (silentMs <= record.leaseMs * MARGIN && !byClock) return;
    const fenced = { ...record, fencedBy: self() };
    // When it said meanwhile that it lives, it does.
    if (await store.putIfMatch(key, encodeJson(fenced), etag) !== undefined) gone.add(id);
  }

  return {
    async look() {
      const records = (await store.list(SCHEDULERS)).filter(({ key }) => key.endsWith(".json"));
      // Also those whose records were deleted since, while this program was stopped.
      const keys = new Set([...records.map(({ key }) => key), ...[...seen.keys()].map(leaseKey)]);
      await Promise.all([...keys].map(check));
      for (const { key, modified } of records) {
        const id = key.slice(SCHEDULERS.length, -".json".length);
        if (gone.has(id) && now().getTime() - modified.getTime() > FORGET_MS) await store.delete(key);
      }
      return gone;
    },
    async isGone(id) {
      if (!gone.has(id) && !seen.has(id)) await check(leaseKey(id));
      return gone.has(id);
    },
  };
}

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
 * @param onUnreadable Called for records that cannot be read; the others are still listed.
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
export async function aliveSchedulers(store: ObjectStore, now: Date): Promise<KnownScheduler[]> {
  return (await listSchedulers(store, now)).filter(({ alive }) => alive);
}

/** A restart takes less, and programs that are started again and again say how long they are away. */
const ABSENT_AFTER_MS = 10 * 60 * 1000;

/**
 * Since when no scheduler lives; undefined while one does, where none ever did, and for the while in which one may be
 * about to come.
 */
export function absentSince(schedulers: readonly KnownScheduler[], now: Date): Date | undefined {
  if (schedulers.length === 0 || schedulers.some(({ alive }) => alive)) return undefined;
  const last = schedulers.reduce((a, b) => a.heartbeatAt > b.heartbeatAt ? a : b);
  const silentMs = now.getTime() - Date.parse(last.heartbeatAt);
  return silentMs > Math.max(ABSENT_AFTER_MS, last.nextWithinMs ?? 0)
    ? new Date(last.heartbeatAt)
    : undefined;
}

function isAlive({ stopped, fencedBy, heartbeatAt, leaseMs }: SchedulerRecord, now: Date): boolean {
  return stopped !== true && fencedBy === undefined &&
    now.getTime() - Date.parse(heartbeatAt) <= SILENT_LEASES * leaseMs;
}
