/**
 * How a log lies in the store. Objects `000001.log`, `000002.log` … hold its first part, without gaps, so that they
 * are read by number and never listed. What comes when the room of that part is used up is in `last/`, of which the
 * oldest objects are deleted again. Each begins with a line that tells where in the log it stands.
 */
import { logFolder } from "../ledger/keys.ts";
import type { RunName } from "../run.ts";
import { Buffer } from "node:buffer";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** One attempt of a run. */
export interface AttemptName extends RunName {
  /** From 1. */
  attempt: number;
}

/** Consecutive lines of a log. */
export interface LogChunk {
  /** Number of its first line, from 0. */
  first: number;
  /** Bytes of the lines before it. */
  offset: number;
  /** It is the last one of the first part: what follows is in `last/`. */
  more: boolean;
  lines: string[];
}

const attemptFolder = ({ job, scheduledFor, attempt }: AttemptName) =>
  `${logFolder(job, scheduledFor)}${attempt}/`;
const objectName = (number: number) => `${String(number).padStart(6, "0")}.log`;

export const chunkKey = (run: AttemptName, number: number) => attemptFolder(run) + objectName(number);
export const lastFolder = (run: AttemptName) => `${attemptFolder(run)}last/`;
const lastKey = (run: AttemptName, number: number) => lastFolder(run) + objectName(number);
export const numberOf = (key: string) => Number(key.match(/(\d+)\.log$/)?.[1]);

/** @param text The lines, each with its line break. */
function encodeChunk({ first, offset, more }: Omit<LogChunk, "lines">, text: string): Uint8Array {
  return new TextEncoder().encode(`#${first} ${offset}${more ? " more" : ""}\n${text}`);
}

/** What has no such first line is taken as lines that follow those before. */
export function decodeChunk(bytes: Uint8Array, follows: { line: number; offset: number }): LogChunk {
  const [head = "", ...lines] = new TextDecoder().decode(bytes).replace(/\n$/, "").split("\n");
  const place = head.match(/^#(\d+) (\d+)( more)?$/);
  if (place === null) {
    return { first: follows.line, offset: follows.offset, more: false, lines: [head, ...lines] };
  }
  return { first: Number(place[1]), offset: Number(place[2]), more: place[3] !== undefined, lines };
}

/** Consecutive lines that wait for the store. */
interface LogBlock {
  /** Number of its first line. */
  first: number;
  /** Bytes of the lines before it. */
  offset: number;
  lines: number;
  bytes: number;
  text: string[];
  /** Nothing is added to it any more. */
  sealed: boolean;
  /** Whether what follows it is in the last part; set when it is stored for the first time. */
  more?: boolean;
}

/** The lines of a log that are not in the store yet: the first ones, and the last of those that follow them. */
interface LogBlocks {
  /** Blocks of the first part, the oldest first. */
  readonly first: LogBlock[];
  /** Blocks of the last part; the oldest is dropped when they are too many. */
  readonly last: LogBlock[];
  /** Where the first part ended, when its room was used up. */
  endOfFirst?: { first: number; offset: number };
  add(line: string): void;
  /** Forgets blocks of the last part that are stored. */
  removeLast(stored: LogBlock[]): void;
}

const BLOCK_BYTES = 64 << 10;

/** @param partBytes Room of each of the two parts, stored lines included. */
function createLogBlocks(partBytes: number): LogBlocks {
  const blockBytes = Math.min(BLOCK_BYTES, Math.ceil(partBytes / 8));
  let [line, offset, lastBytes] = [0, 0, 0];

  const blocks: LogBlocks = {
    first: [],
    last: [],
    add(text) {
      const whole = `${text}\n`;
      const bytes = Buffer.byteLength(whole);
      if (blocks.endOfFirst === undefined && offset + bytes > partBytes) {
        blocks.endOfFirst = { first: line, offset };
      }
      const part = blocks.endOfFirst === undefined ? blocks.first : blocks.last;
      append(part, whole, bytes);
      [line, offset] = [line + 1, offset + bytes];
      if (part === blocks.first) return;
      lastBytes += bytes;
      while (lastBytes > partBytes && part.length > 1) lastBytes -= part.shift()!.bytes;
    },
    removeLast(stored) {
      blocks.last.splice(0, blocks.last.findLastIndex((block) => stored.includes(block)) + 1);
      lastBytes = blocks.last.reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
  const append = (part: LogBlock[], text: string, bytes: number) => {
    let block = part.at(-1);
    if (block === undefined || block.sealed || block.bytes + bytes > blockBytes) {
      block = { first: line, offset, lines: 0, bytes: 0, text: [], sealed: false };
      part.push(block);
    }
    block.text.push(text);
    block.lines++;
    block.bytes += bytes;
  };
  return blocks;
}

interface RunLogOptions {
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
interface RunLogEnd {
  /** Lines that are in no object, since the store failed to the end. */
  unsaved: number;
  /** The last failure of the store, where lines are unsaved. */
  problem?: string;
}

/** The log of one attempt of a run. It never fails, whatever the store does, and holds no more than `maxBytes`. */
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

/** Opens the log of an attempt that has none yet: the number of an attempt is given once. */
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
