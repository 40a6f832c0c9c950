import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { RunName } from "../run.ts";
import { type AttemptName, chunkKey, decodeChunk, lastFolder, type LogChunk, numberOf } from "./run_log.ts";

interface FollowOptions {
  /** Default: the last one that has a log, and those that follow it. */
  attempt?: number;
  /** Whether the run has ended, its log closed: then what is there is read to its end. */
  ended: () => Promise<boolean>;
  signal?: AbortSignal;
  /** Between two looks, in milliseconds; default 1000. */
  pollMs?: number;
}

/** How much of a log has been read. */
interface Cursor {
  /** Objects of the first part. */
  chunks: number;
  firstPartDone: boolean;
  /** Number of the latest object of the last part. */
  last: number;
  /** The next line's number and place in bytes. */
  line: number;
  offset: number;
}

const newCursor = (): Cursor => ({ chunks: 0, firstPartDone: false, last: 0, line: 0, offset: 0 });

/** So many objects are fetched at the same time. */
const MOST_AT_ONCE = 8;
/** So many attempts in a row may have no log, since their scheduler died at once. */
const ATTEMPTS_WITHOUT_LOG = 8;

/** The lines of a log, each with its time; of the last attempt unless told otherwise. Empty where there is none. */
export async function* readRunLog(
  store: ObjectStore,
  run: RunName,
  attempt?: number,
): AsyncGenerator<string> {
  const wanted = attempt ?? await lastAttempt(store, run);
  if (wanted !== undefined) yield* readOn(store, { ...run, attempt: wanted }, newCursor());
}

/** The lines of a log that is being written, until the run has ended or the signal comes. */
export async function* followRunLog(
  store: ObjectStore,
  run: RunName,
  { attempt, ended, signal, pollMs = 1000 }: FollowOptions,
): AsyncGenerator<string> {
  let current = attempt ?? await lastAttempt(store, run);
  let cursor = newCursor();
  while (!signal?.aborted) {
    const isLastLook = await ended();
    while (true) {
      if (current !== undefined) {
        for await (const line of readOn(store, { ...run, attempt: current }, cursor)) {
          if (signal?.aborted) return;
          yield line;
        }
      }
      // Only who began a later attempt has ended this one, so nothing is added to its log any more.
      const next = attempt === undefined ? await nextAttempt(store, run, current ?? 0) : undefined;
      if (next === undefined) break;
      if (current !== undefined) yield* readOn(store, { ...run, attempt: current }, cursor);
      current = next;
      cursor = newCursor();
    }
    if (isLastLook) return;
    await pause(pollMs, signal);
  }
}

/** The lines that came since the cursor was there. Those that the log left out are told in a line. */
async function* readOn(store: ObjectStore, run: AttemptName, cursor: Cursor): AsyncGenerator<string> {
  for (let atOnce = 1; !cursor.firstPartDone; atOnce = Math.min(2 * atOnce, MOST_AT_ONCE)) {
    const keys = Array.from({ length: atOnce }, (_, index) => chunkKey(run, cursor.chunks + 1 + index));
    for (const object of await Promise.all(keys.map((key) => store.get(key)))) {
      if (object === undefined) return;
      const chunk = decodeChunk(object.body, cursor);
      yield* newLines(chunk, cursor);
      cursor.chunks++;
      if (chunk.more) {
        cursor.firstPartDone = true;
        break;
      }
    }
  }
  const numbers = (await store.list(lastFolder(run))).map(({ key }) => ({ key, number: numberOf(key) }));
  for (const { key, number } of numbers.sort((a, b) => a.number - b.number)) {
    if (number <= cursor.last) continue;
    // It may be deleted meanwhile, when later ones are enough.
    const object = await store.get(key);
    if (object !== undefined) yield* newLines(decodeChunk(object.body, cursor), cursor);
    cursor.last = number;
  }
}

function* newLines({ first, offset, lines }: LogChunk, cursor: Cursor): Generator<string> {
  if (lines.length === 0) return;
  if (first > cursor.line) {
    const bytes = offset - cursor.offset;
    const count = (first - cursor.line).toLocaleString("en");
    yield `… ${count} lines (${formatBytes(bytes)}) were left out …`;
    cursor.line = first;
    cursor.offset = offset;
  }
  for (const line of lines.slice(cursor.line - first)) {
    yield line;
    cursor.line++;
  }
  cursor.offset = offset + new TextEncoder().encode(lines.join("\n")).length + 1;
}

const formatBytes = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

async function lastAttempt(store: ObjectStore, run: RunName): Promise<number | undefined> {
  let last: number | undefined;
  for (let next = await nextAttempt(store, run, 0); next !== undefined;) {
    last = next;
    next = await nextAttempt(store, run, last);
  }
  return last;
}

/** The next attempt that has a log. */
async function nextAttempt(store: ObjectStore, run: RunName, after: number): Promise<number | undefined> {
  const attempts = Array.from({ length: ATTEMPTS_WITHOUT_LOG }, (_, index) => after + 1 + index);
  const stats = await Promise.all(
    attempts.map((attempt) => store.stat(chunkKey({ ...run, attempt }, 1))),
  );
  return attempts.find((_, index) => stats[index] !== undefined);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
