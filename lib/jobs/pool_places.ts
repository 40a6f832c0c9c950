import type { ObjectStore } from "shopflow/lake/mod.ts";
import { poolKey } from "./ledger_keys.ts";
import { type SharedObject, sharedObject } from "./shared_object.ts";

/** A run that has a place of a pool. */
export interface Holder {
  job: string;
  slot: string;
  attempt: number;
  scheduler: string;
}

/** The places of all pools, shared by all schedulers of a lake. */
export interface PoolPlaces {
  /**
   * Takes a place for a run.
   *
   * @param isOver Whether a run that has a place does not go on any more, so that its place is free.
   */
  take(
    pool: string,
    size: number,
    holder: Holder,
    isOver: (holder: Holder) => Promise<boolean>,
  ): Promise<boolean>;
  release(pool: string, holder: Holder): Promise<void>;
}

interface Places {
  holders: Holder[];
}

/** The places as they are written down in a store, changed by compare-and-swap. */
export function poolPlaces(store: ObjectStore): PoolPlaces {
  const pools = new Map<string, SharedObject<Places>>();
  const placesOf = (pool: string) => {
    const found = pools.get(pool) ?? sharedObject<Places>(store, poolKey(pool), { holders: [] });
    pools.set(pool, found);
    return found;
  };
  const without = (holders: Holder[], gone: Holder[]) =>
    holders.filter((holder) => !gone.some((other) => isSame(holder, other)));

  return {
    async take(pool, size, wanted, isOver) {
      const tryTake = (over: Holder[]) =>
        placesOf(pool).update((value) => {
          const holders = without(value.holders, over);
          // An earlier try took it and could not say so.
          if (holders.some((holder) => isSame(holder, wanted))) return { result: { taken: true, holders } };
          if (holders.length >= size) return { result: { taken: false, holders } };
          return { value: { holders: [...holders, wanted] }, result: { taken: true, holders } };
        });
      const first = await tryTake([]);
      if (first.taken) return true;
      // Who died had no time to give its place back.
      const checked = await Promise.all(
        first.holders.map(async (holder) => ({ holder, over: await isOver(holder) })),
      );
      const over = checked.filter(({ over }) => over).map(({ holder }) => holder);
      return over.length > 0 && (await tryTake(over)).taken;
    },
    async release(pool, holder) {
      await placesOf(pool).update(({ holders }) => {
        const rest = without(holders, [holder]);
        return rest.length === holders.length
          ? { result: undefined }
          : { value: { holders: rest }, result: undefined };
      });
    },
  };
}

const isSame = (a: Holder, b: Holder) =>
  a.job === b.job && a.slot === b.slot && a.attempt === b.attempt && a.scheduler === b.scheduler;
