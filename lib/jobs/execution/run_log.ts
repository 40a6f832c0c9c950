import { Buffer } from "node:buffer";
import { errorText } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { backoffMs, delay, formatBytes, formatCount, retry } from "shopflow/runtime/mod.ts";
import { logFolder } from "../ledger/keys.ts";
import type { RunName } from "../run.ts";

/** One attempt of a run. */
export interface AttemptName extends RunName {
  /** From 1. */
  attempt: number;
}

/** Key of a part of a log. Parts are numbered from 1 without gaps, so that a reader needs no listing. */
export const logKey = ({ job, scheduledFor, attempt }: AttemptName, part: number): string =>
  `${logFolder(job, scheduledFor)}${attempt}/${String(part).padStart(6, "0")}.log`;

interface RunLogOptions {
  now: () => Date;
  /** Is applied to lines that are not masked yet; those of a process come masked. */
  mask?: (line: string) => string;
  /** A line is in the store this long after it was written, in milliseconds; default 2000. */
  flushMs?: number;
  /** Bytes that are stored while the run goes on; default 10 MiB. */
  maxBytes?: number;
  /** Of what exceeds `maxBytes`, the last so many bytes, at least half of them, are stored at the end; default 1 MiB. */
  tailBytes?: number;
  /** How long `close` waits for a store that fails, in milliseconds; default 30,000. */
  closeMs?: number;
}

/** How a log ended. */
interface RunLogEnd {
  /** Lines that could not be stored, since the store failed to the end. */
  unsaved: number;
  /** The last failure of the store, where lines are unsaved. */
  problem?: string;
}

/**
 * The log of one attempt of a run. It never fails, whatever the store does, and holds no more than `maxBytes` and
 * `tailBytes` in memory.
 */
export interface RunLog {
  /** Adds a line with the time; returns at once. */
  write(line: string): void;
  /** Stores what is left. */
  close(): Promise<RunLogEnd>;
}

/** A line, or several, with their line breaks; `lines` does not count what the log itself says. */
interface Text {
  text: string;
  lines: number;
  bytes: number;
}

function textOf(line: string, lines = 1): Text {
  const text = `${line}\n`;
  return { text, lines, bytes: Buffer.byteLength(text) };
}

const joined = (texts: Text[]): Text => ({
  text: texts.map(({ text }) => text).join(""),
  lines: texts.reduce((sum, { lines }) => sum + lines, 0),
  bytes: texts.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** So much text is stored without further waiting for more. */
const FULL_PART_BYTES = 64 << 10;
const LONGEST_RETRY_MS = 30_000;

/** Opens the log of an attempt that has none yet: the number of an attempt is given once. */
export function openRunLog(store: ObjectStore, run: AttemptName, options: RunLogOptions): RunLog {
  const { now, mask = (line) => line, flushMs = 2000, maxBytes = 10 << 20, closeMs = 30_000 } = options;
  const tail = createTail(options.tailBytes ?? 1 << 20);
  let waiting: Text[] = [];
  let [waitingBytes, storedParts, headBytes, hasTail] = [0, 0, 0, false];
  let beingStored: Text | undefined;
  let storing: Promise<void> | undefined;
  let problem: string | undefined;
  let enough = new AbortController();
  const closing = new AbortController();
  const abandoned = new AbortController();

  function add(text: Text): void {
    waiting.push(text);
    waitingBytes += text.bytes;
    if (waitingBytes >= FULL_PART_BYTES) enough.abort();
    storing ??= storeWaiting();
  }

  async function storeWaiting(): Promise<void> {
    while (waiting.length > 0 && !abandoned.signal.aborted) {
      // So that slow output makes few objects.
      await delay(flushMs, AbortSignal.any([enough.signal, closing.signal]));
      const part = joined(waiting);
      [waiting, waitingBytes, enough] = [[], 0, new AbortController()];
      beingStored = part;
      await storePart(part);
    }
    storing = undefined;
  }

  /** Stores a part, which stays the same when it is tried again: it may have been read although it seemed to fail. */
  async function storePart({ text }: Text): Promise<void> {
    const body = new TextEncoder().encode(text);
    try {
      await retry(
        () => store.put(logKey(run, storedParts + 1), body),
        (error, failures) => {
          problem = errorText(error);
          if (abandoned.signal.aborted) return undefined;
          const maxDelayMs = closing.signal.aborted ? closeMs / 10 : LONGEST_RETRY_MS;
          return backoffMs({ firstDelayMs: flushMs, maxDelayMs }, failures);
        },
        (ms) => delay(ms, closing.signal.aborted ? abandoned.signal : closing.signal),
      );
    } catch {
      // Only when it is abandoned; `problem` says why.
      return;
    }
    storedParts++;
    beingStored = undefined;
  }

  return {
    write(lines) {
      if (closing.signal.aborted) return;
      const time = now().toISOString();
      for (const line of lines.split("\n")) {
        const text = textOf(`${time} ${mask(line)}`);
        if (!hasTail && headBytes + text.bytes > maxBytes) {
          hasTail = true;
          add(textOf(`… more than ${formatBytes(maxBytes)}: the last lines follow when the run ends …`, 0));
        }
        if (hasTail) tail.add(text);
        else add(text);
        headBytes += text.bytes;
      }
    },
    async close() {
      closing.abort();
      for (const text of tail.texts()) add(text);
      await Promise.race([storing, delay(closeMs, abandoned.signal)]);
      abandoned.abort();
      const unsaved = joined([...beingStored === undefined ? [] : [beingStored], ...waiting]).lines;
      return unsaved > 0 && problem !== undefined ? { unsaved, problem } : { unsaved };
    },
  };
}

/** The end of a text without end: at most `maxBytes` and, of a longer one, at least half of them. */
function createTail(maxBytes: number): { add(text: Text): void; texts(): Text[] } {
  const omitted = { lines: 0, bytes: 0 };
  let [older, newer, newerBytes]: [Text[], Text[], number] = [[], [], 0];
  return {
    add(text) {
      if (newerBytes + text.bytes > maxBytes / 2) {
        const { lines, bytes } = joined(older);
        omitted.lines += lines;
        omitted.bytes += bytes;
        [older, newer, newerBytes] = [newer, [], 0];
      }
      newer.push(text);
      newerBytes += text.bytes;
    },
    texts() {
      const { lines, bytes } = omitted;
      const gap = `… ${formatCount(lines)} lines (${formatBytes(bytes)}) omitted …`;
      return [...lines === 0 ? [] : [textOf(gap, 0)], ...older, ...newer];
    },
  };
}
