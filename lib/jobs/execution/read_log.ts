import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import type { RunName } from "../run.ts";
import { type AttemptName, logKey } from "./run_log.ts";

interface FollowOptions {
  /** Default: the last one that has a log, and those that follow it. */
  attempt?: number | undefined;
  /** Whether the run has ended and its log is closed: then what is there is read to its end. */
  ended: () => Promise<boolean>;
  signal?: AbortSignal | undefined;
  /** Between two looks, in milliseconds; default 1000. */
  pollMs?: number;
}

/** How much of a log has been read. */
interface Cursor {
  parts: number;
}

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
  if (wanted !== undefined) yield* readOn(store, { ...run, attempt: wanted }, { parts: 0 });
}

/** The lines of a log that is being written, until the run has ended or the signal comes. */
export async function* followRunLog(
  store: ObjectStore,
  run: RunName,
  { attempt, ended, signal, pollMs = 1000 }: FollowOptions,
): AsyncGenerator<string> {
  let current = attempt ?? await lastAttempt(store, run);
  let cursor: Cursor = { parts: 0 };
  while (!signal?.aborted) {
    const isLastLook = await ended();
    while (true) {
      if (current !== undefined) {
        for await (const line of readOn(store, { ...run, attempt: current }, cursor)) {
          if (signal?.aborted) return;
          yield line;
        }
      }
      // Whoever began a later attempt has ended this one, so nothing is added to its log any more.
      const next = attempt === undefined ? await nextAttempt(store, run, current ?? 0) : undefined;
      if (next === undefined) break;
      if (current !== undefined) yield* readOn(store, { ...run, attempt: current }, cursor);
      current = next;
      cursor = { parts: 0 };
    }
    if (isLastLook) return;
    await delay(pollMs, signal);
  }
}

/** The lines that were stored since the cursor was there. */
async function* readOn(store: ObjectStore, run: AttemptName, cursor: Cursor): AsyncGenerator<string> {
  for (let atOnce = 1;; atOnce = Math.min(2 * atOnce, MOST_AT_ONCE)) {
    const keys = Array.from({ length: atOnce }, (_, index) => logKey(run, cursor.parts + 1 + index));
    for (const object of await Promise.all(keys.map((key) => store.get(key)))) {
      if (object === undefined) return;
      cursor.parts++;
      yield* new TextDecoder().decode(object.body).replace(/\n$/, "").split("\n");
    }
  }
}

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
  const stats = await Promise.all(attempts.map((attempt) => store.stat(logKey({ ...run, attempt }, 1))));
  return attempts.find((_, index) => stats[index] !== undefined);
}
