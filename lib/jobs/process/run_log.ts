import type { ObjectStore } from "shopflow/lake/mod.ts";
import { createLogBlocks, type LogBlock } from "./log_blocks.ts";
import { type AttemptName, chunkKey, encodeChunk, lastKey } from "./log_chunk.ts";

export interface RunLogOptions {
  now: () => Date;
  /** Is applied to lines that are not masked yet; those of a process come masked. */
  mask?: (line: string) => string;
  /** A line is in the store so long after it was written, in milliseconds; default 2000. */
  flushMs?: number;
  /** Of a longer log the first and the last half of so much are kept, of the last at least 7/8; default 10 MiB. */
  maxBytes?: number;
  /** How long `close` waits for a store that fails, in milliseconds; default 30,000. */
  closeMs?: number;
}

/** What a log came to. */
export interface RunLogEnd {
  /** Lines that are in no object, since the store failed to the end. */
  unsaved: number;
  /** The last failure of the store, where lines are unsaved. */
  problem?: string;
}

/** The log of one try of a run. It never fails, whatever the store does, and holds no more than `maxBytes`. */
export interface RunLog {
  /** Adds a line with the time; returns at once. */
  write(line: string): void;
  /** Stores what is left. */
  close(): Promise<RunLogEnd>;
}

/** What fills the store only to be deleted again is written less often, by this factor. */
const LAST_PART_RARER = 15;
/** As soon as so much waits it is stored, in bytes. */
const ENOUGH = 64 << 10;
const LONGEST_RETRY_MS = 30_000;

type Timer = ReturnType<typeof setTimeout>;

/** Opens the log of a try that has none yet: the number of an attempt is given once. */
export function openRunLog(store: ObjectStore, run: AttemptName, options: RunLogOptions): RunLog {
  const { now, mask = (line) => line, flushMs = 2000, maxBytes = 10 << 20, closeMs = 30_000 } = options;
  const partBytes = Math.floor(maxBytes / 2);
  const blocks = createLogBlocks(partBytes);
  const stored = { first: 0, last: 0, endTold: false };
  const lastChunks: { number: number; bytes: number; next: number }[] = [];
  let [closing, abandoned, lastIsDue] = [false, false, false];
  let problem: string | undefined;
  let pumping: Promise<void> | undefined;
  let timers: { first?: Timer; last?: Timer } = {};
  let stopWaiting = () => {};

  /** Stores what is due, one object after the other; false when nothing is. */
  async function storeNext(): Promise<boolean> {
    const block = blocks.first[0];
    if (block !== undefined) {
      block.sealed = true;
      // As it was said the first time: that may have been read although it seemed to fail.
      block.more ??= blocks.endOfFirst !== undefined && blocks.first.length === 1;
      await putFirst(block, block.text.join(""));
      blocks.first.shift();
      return true;
    }
    if (blocks.endOfFirst !== undefined && !stored.endTold) {
      await putFirst({ ...blocks.endOfFirst, more: true }, "");
      return true;
    }
    if (blocks.last.length === 0 || !(lastIsDue || closing)) return false;
    await putLast([...blocks.last]);
    return true;
  }

  async function putFirst(place: Pick<LogBlock, "first" | "offset" | "more">, text: string): Promise<void> {
    const more = place.more === true;
    await store.put(chunkKey(run, stored.first + 1), encodeChunk({ ...place, more }, text));
    stored.first++;
    stored.endTold ||= more;
  }

  async function putLast(taken: LogBlock[]): Promise<void> {
    taken.at(-1)!.sealed = true;
    const { first, offset } = taken[0]!;
    const body = encodeChunk({ first, offset, more: false }, taken.flatMap(({ text }) => text).join(""));
    // A number is used once: whoever has read an object that seemed to fail finds the rest in the next one.
    const number = ++stored.last;
    await store.put(lastKey(run, number), body);
    lastIsDue = false;
    blocks.removeLast(taken);
    const { first: lastFirst, lines } = taken.at(-1)!;
    const follows = lastChunks.at(-1)?.next === first;
    lastChunks.push({ number, bytes: body.length, next: lastFirst + lines });
    // Where lines between were dropped already, there were enough of them to fill the last part alone.
    const enough = follows ? partBytes : 0;
    let kept = lastChunks.reduce((sum, { bytes }) => sum + bytes, 0);
    while (lastChunks.length > 1 && kept - lastChunks[0]!.bytes >= enough) {
      await store.delete(lastKey(run, lastChunks[0]!.number));
      kept -= lastChunks.shift()!.bytes;
    }
  }

  async function pump(): Promise<void> {
    for (let failures = 0; !abandoned;) {
      try {
        if (!await storeNext()) return;
        failures = 0;
      } catch (error) {
        problem = (error as Error).message;
        const ms = Math.min(flushMs * 2 ** failures++, LONGEST_RETRY_MS);
        await pause(closing ? Math.min(ms, closeMs / 10) : ms);
      }
    }
  }

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const wake = () => {
    pumping ??= pump().finally(() => {
      pumping = undefined;
      if (!closing) schedule();
    });
  };
  const schedule = () => {
    if (blocks.first.length > 1 || (blocks.first[0]?.bytes ?? 0) >= ENOUGH) wake();
    else if (blocks.first.length > 0 || blocks.endOfFirst !== undefined && !stored.endTold) {
      timers.first ??= setTimeout(() => {
        timers.first = undefined;
        wake();
      }, flushMs);
    }
    if (blocks.last.length > 0) {
      timers.last ??= setTimeout(() => {
        timers.last = undefined;
        lastIsDue = true;
        wake();
      }, flushMs * LAST_PART_RARER);
    }
  };

  return {
    write(text) {
      if (closing) return;
      const time = now().toISOString();
      for (const line of text.split("\n")) blocks.add(`${time} ${mask(line)}`);
      schedule();
    },
    async close() {
      closing = true;
      clearTimeout(timers.first);
      clearTimeout(timers.last);
      timers = {};
      stopWaiting();
      let timer: Timer | undefined;
      const tooLong = new Promise<void>((resolve) => timer = setTimeout(resolve, closeMs));
      // What ran already may have begun before the end: then another round is needed.
      await Promise.race([tooLong, (async () => (await pumping, wake(), await pumping))()]);
      clearTimeout(timer);
      abandoned = true;
      stopWaiting();
      const unsaved = [...blocks.first, ...blocks.last].reduce((sum, { lines }) => sum + lines, 0);
      return unsaved > 0 ? { unsaved, problem } : { unsaved };
    },
  };
}
