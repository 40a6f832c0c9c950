import type { ObjectStat } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** What was read from objects of the lake, kept as long as a listing says that they did not change. */
export interface PageCache<T> {
  /** @param load Reads the object; what it throws is passed on, and nothing is kept. */
  get(stat: ObjectStat, load: () => Promise<T>): Promise<T>;
}

interface Entry<T> {
  size: number;
  modifiedMs: number;
  /** It was written long enough before it was read that a later write has another time. */
  settled: boolean;
  value: T;
}

/** S3 tells times in whole seconds; the rest is for clocks that differ. */
const SETTLED_MS = 10_000;
const MOST_BYTES = 32 * 2 ** 20;

/** @param mostBytes Sizes of all that is kept; what was asked for least recently goes first. */
export function createPageCache<T>({ now }: Pick<Runtime, "now">, mostBytes = MOST_BYTES): PageCache<T> {
  const entries = new Map<string, Entry<T>>();
  let bytes = 0;

  function forget(key: string): void {
    bytes -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  }

  return {
    async get({ key, size, modified }, load) {
      const modifiedMs = modified.getTime();
      const found = entries.get(key);
      forget(key);
      const fresh = found?.settled === true && found.size === size && found.modifiedMs === modifiedMs;
      const settled = fresh || now().getTime() - modifiedMs > SETTLED_MS;
      const entry = fresh ? found : { size, modifiedMs, settled, value: await load() };
      forget(key);
      entries.set(key, entry);
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= mostBytes) break;
        forget(oldest);
      }
      return entry.value;
    },
  };
}
