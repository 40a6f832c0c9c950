import { LakeError } from "shopflow/errors/mod.ts";

/** Something that was read from the lake. */
export interface Seen<T> {
  value: T;
  /** Of what cannot be read now: when it was read. */
  readAt?: Date;
}

/** Keeps what was read from the lake last, for the time in which it cannot be read. */
export interface LastSeen {
  /**
   * Reads, or gives what was read before where that fails.
   *
   * @param bytes Room that a value takes.
   * @throws {LakeError} when it cannot be read, and never was or is not kept any more.
   */
  read<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number): Promise<
    Seen<T> | undefined
  >;
}

interface Kept {
  value: unknown;
  bytes: number;
  readAt: Date;
}

/** Pages of reports take about a megabyte. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * @param options.mostBytes Of all that is kept; what was asked for least recently goes first.
 * @param options.patienceMs How long a reading is waited for where there is something to give instead.
 */
export function createLastSeen(
  { now }: { now(): Date },
  { mostBytes = MOST_BYTES, patienceMs = 2000 }: { mostBytes?: number; patienceMs?: number } = {},
): LastSeen {
  const entries = new Map<string, Kept>();
  let total = 0;

  function forget(key: string): void {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  /** The latest use last. */
  function keep(key: string, kept: Kept): void {
    forget(key);
    if (kept.bytes > mostBytes) return;
    entries.set(key, kept);
    total += kept.bytes;
    for (const oldest of entries.keys()) {
      if (total <= mostBytes) break;
      forget(oldest);
    }
  }

  /** A reading's value, which is kept; undefined is forgotten. */
  async function fresh<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number) {
    const value = await reading();
    if (value === undefined) forget(key);
    else keep(key, { value, bytes: bytes(value), readAt: now() });
    return value === undefined ? undefined : { value };
  }

  return {
    async read<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number) {
      const kept = entries.get(key);
      if (kept !== undefined) keep(key, kept);
      const found = fresh(key, reading, bytes);
      if (kept === undefined) return await found;
      // What is slow to come is kept for the next request.
      const instead = { value: kept.value as T, readAt: kept.readAt };
      const readable = found.catch((error) => {
        if (error instanceof LakeError) return instead;
        throw error;
      });
      // What fails after it was given up is nobody's any more.
      readable.catch(() => {});
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<typeof instead>((resolve) =>
        timer = setTimeout(() => resolve(instead), patienceMs)
      );
      try {
        return await Promise.race([readable, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
