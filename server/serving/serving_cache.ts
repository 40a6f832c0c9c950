import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { SERVED_PARTS, type ServedParts, type Serving } from "./serving.ts";

export interface ServingCacheOptions {
  /** How old the knowledge of the lake's pointers may be, in milliseconds. */
  recheckMs?: number;
  /** How long a request waits for a newly published version before it is answered from the former one. */
  patienceMs?: number;
}

/** What the server answers from, kept up to date with the lake. */
export interface ServingCache {
  /** The state to answer one request from. */
  current(): Promise<Serving>;
}

type PartName = keyof ServedParts;

/**
 * Keeps the served parts in memory. The pointers are read again when a request comes and the last look is
 * older than `recheckMs`; parts that changed are loaded while requests go on with the former state, which
 * is then replaced as a whole.
 */
export function createServingCache(
  store: ObjectStore,
  runtime: Runtime,
  { recheckMs = 2000, patienceMs = 100 }: ServingCacheOptions = {},
): ServingCache {
  let serving: Serving | undefined;
  let checkedAt = -Infinity;
  let refreshing = false;
  let ready = Promise.resolve();
  const versions = new Map<PartName, string>();
  const failures = new Map<PartName, string>();

  /** A load to do for a part whose version is new; undefined when nothing is to be done. */
  async function findChange<K extends PartName>(name: K) {
    const found = await SERVED_PARTS[name](store);
    if (found?.version === versions.get(name)) return undefined;
    return async (next: Partial<ServedParts>) => {
      next[name] = await found?.load();
      if (found === undefined) versions.delete(name);
      else versions.set(name, found.version);
    };
  }

  /** A part that fails is tried again at every look but logged once; its former version goes on answering. */
  async function watched(name: PartName, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      failures.delete(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (failures.get(name) !== reason) runtime.log.warn(`could not load ${name}: ${reason}`);
      failures.set(name, reason);
    }
  }

  async function refresh(): Promise<void> {
    const next: Partial<ServedParts> = { ...serving };
    const names = Object.keys(SERVED_PARTS) as PartName[];
    const changes = await Promise.allSettled(names.map((name) => findChange(name)));
    // Loads one after the other: all at once would multiply the peak of memory.
    for (const [i, change] of changes.entries()) {
      await watched(names[i]!, async () => {
        if (change.status === "rejected") throw change.reason;
        await change.value?.(next);
      });
    }
    serving = { ...next, failed: [...failures.keys()] };
  }

  return {
    async current() {
      if (!refreshing && performance.now() - checkedAt >= recheckMs) {
        refreshing = true;
        const refreshed = refresh().finally(() => {
          checkedAt = performance.now();
          refreshing = false;
        });
        // Patience counts from the start of a look: a long load does not delay the requests that come during it.
        ready = serving === undefined ? refreshed : settledWithin(refreshed, patienceMs);
      }
      await ready;
      return serving!;
    },
  };
}

/** Waits for `work`, but no longer than `ms`; the work goes on. */
async function settledWithin(work: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
