import { LakeError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { delay } from "shopflow/runtime/mod.ts";
import { readJson, updateJson } from "./store/json_object.ts";
import type { ObjectStore } from "./store/object_store.ts";

/** Key of the one object that says which snapshot is current. */
export const POINTER = "snapshots/current.json";

/**
 * What `snapshots/current.json` holds. Publishing, rolling back and collecting garbage all swap this object by
 * compare-and-set, which is what keeps them from working against each other.
 */
export interface Pointer {
  snapshot: string;
  publishedAt: string;
  /** When it was moved the last times, ISO, each later than the one before; the newest, last, is `publishedAt`. */
  moves: string[];
  /** Snapshots that were rolled back, newest last: the same inputs and code must not bring them back unasked. */
  rolledBack?: string[];
  /** That a garbage collection is at work. It counts its renewals, one of which comes before `leaseMs` are over. */
  collecting?: { leaseMs: number; renewals: number };
  /** How many collections there were: none leaves the pointer as it found it. */
  collections?: number;
}

const pointerShape = z.object({
  snapshot: z.string(),
  publishedAt: z.string(),
  moves: z.array(z.string()),
  rolledBack: z.array(z.string()).optional(),
  collecting: z.object({ leaseMs: z.number(), renewals: z.number() }).optional(),
  collections: z.number().optional(),
});

/** The pointer with the tag that a swap compares, or undefined where nothing was published. */
export function readPointer(store: ObjectStore): Promise<{ value: Pointer; etag: string } | undefined> {
  return readJson<Pointer>(store, POINTER, pointerShape);
}

const POLL_MS = 200;
/** How much longer than the lease others wait: what is on its way when it is over takes a while to stop. */
const MARGIN = 1.5;

/** How time passes; no time of the day is asked for. */
interface Stopwatch {
  /** Milliseconds since some moment. */
  now(): number;
  wait(ms: number): Promise<void>;
}

const STOPWATCH: Stopwatch = { now: () => performance.now(), wait: delay };

/**
 * Reads the pointer once no garbage collection is at work. One that was seen to stand still for longer than its
 * lease is dead. Only time that passed here is compared with it: clocks of two machines may differ.
 */
export async function readPointerWhenIdle(store: ObjectStore, watch: Stopwatch = STOPWATCH) {
  let seen: { etag: string; since: number } | undefined;
  while (true) {
    const pointer = await readPointer(store);
    const collecting = pointer?.value.collecting;
    if (pointer === undefined || collecting === undefined) return pointer;
    if (seen?.etag !== pointer.etag) seen = { etag: pointer.etag, since: watch.now() };
    if (watch.now() - seen.since > collecting.leaseMs * MARGIN) return pointer;
    await watch.wait(POLL_MS);
  }
}

/**
 * Moves the pointer to a snapshot whose manifest is in the store. It moves only if the files that the snapshot
 * names were there and no garbage collection started since they were looked for.
 *
 * @param choose The pointer to write, given the one that is there; may throw to refuse.
 * @throws {LakeError} when files are missing, or other writers are faster again and again.
 */
export async function movePointer(
  store: ObjectStore,
  keys: string[],
  choose: (before: Pointer | undefined) => Omit<Pointer, "moves">,
): Promise<void> {
  await updateJson<Pointer>(store, POINTER, async (before) => {
    const chosen = { ...choose(before), ...collectionCount(before) };
    await requireFiles(store, keys);
    return { ...chosen, ...movedAt(chosen.publishedAt, before) };
  }, { read: () => readPointerWhenIdle(store) });
}

/** So many moves are remembered. */
const MOST_MOVES = 100;

/** Clocks of publishers may differ by less than this; a clock that is further ahead is wrong. */
const AHEAD_MS = 24 * 60 * 60 * 1000;

/**
 * Each move has a time of its own, also when clocks of publishers differ: who follows them misses none. Moves by a clock
 * that was ahead are forgotten, or all later ones would be dated after them; that it is not the present clock that is
 * behind is seen from the others.
 */
function movedAt(wanted: string, before: Pointer | undefined): Pick<Pointer, "publishedAt" | "moves"> {
  const known = before?.moves ?? [];
  const past = known.filter((time) => Date.parse(time) - Date.parse(wanted) < AHEAD_MS);
  const moves = past.length > 0 && known.length - past.length <= past.length ? past : known;
  const last = moves.at(-1);
  const publishedAt = last === undefined || wanted > last
    ? wanted
    : new Date(Date.parse(last) + 1).toISOString();
  return { publishedAt, moves: [...moves, publishedAt].slice(-MOST_MOVES) };
}

/** When snapshots were published after a time, the oldest first: of the last hundred times. */
export async function publishedSince(store: ObjectStore, since: Date): Promise<Date[]> {
  const pointer = (await readPointer(store))?.value;
  if (pointer === undefined) return [];
  return pointer.moves.map((time) => new Date(time)).filter((time) => time > since);
}

const collectionCount = (before: Pointer | undefined) =>
  before?.collections === undefined ? {} : { collections: before.collections };

async function requireFiles(store: ObjectStore, keys: string[]): Promise<void> {
  const stats = await Promise.all(keys.map((key) => store.stat(key)));
  const missing = keys.filter((_, i) => stats[i] === undefined);
  if (missing.length === 0) return;
  throw new LakeError("Files of the snapshot are not in the lake", {
    expected: missing.slice(0, 3).join(", ") + (missing.length > 3 ? ` and ${missing.length - 3} more` : ""),
    found: `nothing of that name in ${store.url}`,
    remedy: "Run the pipeline again: it writes what is missing. Nothing of this run is visible.",
  });
}
