import { LakeError } from "shopflow/errors/mod.ts";
import { decodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { randomUUID } from "node:crypto";
import { pageKey, partKey } from "./keys.ts";
import { isOpen, type Run } from "../run.ts";
import { type Change, type Form, sharedObject } from "./shared_object.ts";

/** Runs of a page that lie in an object of their own, which is never changed. */
interface Part {
  /** Never used twice, so that nobody who is late can put something else there. */
  id: string;
  count: number;
  /** The times of its first and its last run. */
  from: string;
  to: string;
}

/** Runs by their time. */
type Runs = Record<string, Run>;

/** The parts of one page. */
interface RunParts {
  /** @throws {PartGone} when it is not there (any more). */
  read(part: Part): Promise<Runs>;
  write(runs: Runs): Promise<Part>;
  remove(part: Part): Promise<void>;
}

/** A part that is not there: it was put together with others since the page was read, or got lost. */
class PartGone extends LakeError {
  override name = "PartGone";
}

/** The parts of a job's page of a UTC day (`2024-10-02`), each an object of its own in the lake. */
function runParts(store: ObjectStore, job: string, day: string): RunParts {
  const keyOf = ({ id }: Pick<Part, "id">) => partKey(job, day, id);
  return {
    async read(part) {
      const object = await store.get(keyOf(part));
      if (object !== undefined) return decodeJson<{ runs: Runs }>(store, keyOf(part), object).runs;
      throw new PartGone(`Runs of ${job} of ${day} are missing`, {
        expected: `${keyOf(part)}, which the day's page names`,
        found: `no such object in ${store.url}`,
        remedy: "Restore the object from a backup.",
      });
    },
    async write(runs) {
      const times = Object.keys(runs).sort();
      const part = { id: randomUUID(), count: times.length, from: times[0]!, to: times.at(-1)! };
      await store.putIfAbsent(keyOf(part), new TextEncoder().encode(JSON.stringify({ runs }) + "\n"));
      return part;
    },
    remove: (part) => store.delete(keyOf(part)),
  };
}

/** Whether two pages have the same parts in the same order. */
function sameParts(a: readonly Part[], b: readonly Part[]): boolean {
  return a === b || (a.length === b.length && a.every(({ id }, i) => id === b[i]!.id));
}

/** What a day's object itself holds. */
interface PageHead {
  /** Runs as they were written lately; what parts say of them is out of date. */
  recent: Runs;
  /** Where the others are, later parts before earlier ones where both have a run. */
  parts: readonly Part[];
}

/** A day on which nothing was entered. */
const EMPTY_PAGE: PageHead = { recent: {}, parts: [] };
const FORMAT = 2;

/**
 * As long as there are no parts the object is `{ runs }`, as it was before there were any. With parts it has no
 * `runs`, so that a program that knows of none fails instead of taking what is recent for all.
 *
 * @throws {LakeError} by `decode`, for an object that another version of ShopFlow has written.
 */
export const pageForm = (key: string): Form<PageHead> => ({
  encode: ({ recent, parts }) => parts.length === 0 ? { runs: recent } : { format: FORMAT, recent, parts },
  decode(stored) {
    const found = stored as { format?: unknown; runs?: Runs; recent?: Runs; parts?: Part[] } | null;
    if (found?.format === undefined && isObject(found?.runs)) return { recent: found.runs, parts: [] };
    if (found?.format === FORMAT && isObject(found.recent) && Array.isArray(found.parts)) {
      return { recent: found.recent, parts: found.parts };
    }
    throw new LakeError(`${key} is no page of runs that this version of ShopFlow knows`, {
      expected: `an object with runs, or one of format ${FORMAT}`,
      found: found?.format === undefined ? "something else" : `format ${JSON.stringify(found.format)}`,
      remedy: "Update ShopFlow on this machine to the version of the other schedulers of the lake.",
    });
  },
});

const isObject = (value: unknown): value is Runs =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The runs of one job that were due on one UTC day, by their time. */
export interface Page {
  runs: Runs;
}

/**
 * The page of a job and a day. Its object, the head, has the runs that were written lately and is changed by
 * compare-and-swap. Once there are many of them they go into a part, an object that is never changed, so that a
 * change costs the same however many runs the day has. Of what is in parts only the open runs are held in memory.
 */
export interface RunPage {
  /** All of it as it is now. */
  read(): Promise<Page>;
  /** Looks which runs are open now. */
  refresh(): Promise<void>;
  /** Those that were when it was last looked at or changed, the oldest first. */
  open(): readonly Run[];
  /** A run as it is now; undefined when it was never entered. */
  find(scheduledFor: string): Promise<Run | undefined>;
  /** A run as it is held in memory; undefined when that is not known. */
  known(scheduledFor: string): Run | undefined;
  /** Enters runs; those that are there stay as they are. */
  enqueue(runs: Run[]): Promise<void>;
  /** Changes a run in one step, unless `change` gives undefined. @returns the run as it is then. */
  change(scheduledFor: string, change: (run: Run) => Run | undefined): Promise<Run | undefined>;
  /** Takes back the runs that are not to be kept. */
  retain(keep: (run: Run) => boolean): Promise<void>;
}

/** So many runs are in the head before they go into a part. */
const MOST_RECENT = 32;
/** Parts that would have more together stay apart, so that putting them together takes little memory. */
const MOST_TOGETHER = 512;
const AGAIN = Symbol("the parts are others by now");

/** Open runs of parts, as far as these were read. */
interface Below {
  parts: readonly Part[];
  open: Map<string, Run>;
}

/** @param follow Hold the open runs, for {@linkcode SlotPage.open}. */
export function runPage(
  store: ObjectStore,
  job: string,
  day: string,
  { follow = false } = {},
): RunPage {
  const key = pageKey(job, day);
  const head = sharedObject<PageHead>(store, key, EMPTY_PAGE, pageForm(key));
  const parts = runParts(store, job, day);
  /** Undefined where nobody wants to know what is open. */
  let below: Below | undefined = follow ? { parts: [], open: new Map() } : undefined;
  let shown: { of?: PageHead; runs: readonly Run[] } = { runs: [] };

  /** Works on what the head says, and anew when parts were put together meanwhile. */
  async function steadily<R>(start: PageHead, work: (value: PageHead) => Promise<R>): Promise<R> {
    for (let value = start;;) {
      try {
        return await work(value);
      } catch (error) {
        if (!(error instanceof PartGone)) throw error;
        const present = await head.read();
        if (sameParts(present.parts, value.parts)) throw error;
        value = present;
      }
    }
  }

  const readAll = async (wanted: readonly Part[]): Promise<Runs> =>
    Object.assign({}, ...await Promise.all(wanted.map(parts.read)));

  /** Reads the parts that were not read before. */
  async function openBelow(wanted: readonly Part[]): Promise<Below> {
    const before = below;
    if (before !== undefined && sameParts(before.parts, wanted)) return before;
    // Parts are put together at the end of the list: what is new there has all that was there before.
    const common = Math.max(0, wanted.findIndex(({ id }, i) => before?.parts[i]?.id !== id));
    const open = new Map(common > 0 ? before!.open : []);
    for (const part of wanted.slice(common)) note(open, await parts.read(part));
    return below = { parts: wanted, open };
  }

  /** Runs that a part has, of those that are asked for. */
  async function inParts(wanted: readonly Part[], times: string[]): Promise<Runs> {
    const known = below !== undefined ? (await openBelow(wanted)).open : new Map<string, Run>();
    const found: Runs = {};
    const missing = new Set(times);
    const settle = (time: string, run: Run | undefined) => {
      if (run !== undefined && missing.delete(time)) found[time] = run;
    };
    for (const time of times) settle(time, known.get(time));
    for (const part of wanted.toReversed()) {
      const covered = [...missing].filter((time) => time >= part.from && time <= part.to);
      if (covered.length === 0) continue;
      const runs = await parts.read(part);
      for (const time of covered) settle(time, runs[time]);
    }
    return found;
  }

  /** Changes the head, with what parts say of runs in hand. */
  async function edit<R>(
    times: string[],
    change: (value: PageHead, find: (time: string) => Run | undefined) => ReturnType<Change<PageHead, R>>,
  ): Promise<R> {
    for (;;) {
      const { seen, found } = await steadily(head.known ?? await head.read(), async (value) => ({
        seen: value.parts,
        found: await inParts(value.parts, times.filter((time) => value.recent[time] === undefined)),
      }));
      const outcome = await head.update<R | typeof AGAIN>((value) =>
        sameParts(value.parts, seen)
          ? change(value, (time) => value.recent[time] ?? found[time])
          : { result: AGAIN }
      );
      if (outcome !== AGAIN) return outcome;
    }
  }

  /**
   * Puts what is recent into a part, before something is added: so that a change that was written does not fail
   * afterwards. Parts that are no larger are put together with it, so that there are few.
   */
  async function makeRoom(): Promise<void> {
    if (head.known === undefined) return;
    await steadily(head.known, async (value) => {
      if (Object.keys(value.recent).length < MOST_RECENT) return;
      const rest = [...value.parts];
      let runs = value.recent;
      for (let count = Object.keys(runs).length; isMergeable(rest.at(-1), count);) {
        runs = { ...await parts.read(rest.pop()!), ...runs };
        count = Object.keys(runs).length;
      }
      const part = await parts.write(runs);
      const next: PageHead = { recent: {}, parts: [...rest, part] };
      const done = await head.update((present) =>
        present === value ? { value: next, result: true } : { result: false }
      );
      // Another one was faster; whoever is next sees whether there is room.
      if (!done) return await parts.remove(part);
      if (below !== undefined && sameParts(below.parts, value.parts)) {
        const open = new Map(below.open);
        note(open, value.recent);
        below = { parts: next.parts, open };
      }
      for (const old of value.parts.slice(rest.length)) await parts.remove(old);
    });
  }

  return {
    read: async () =>
      await steadily(
        await head.read(),
        async ({ recent, parts }) => ({ runs: { ...await readAll(parts), ...recent } }),
      ),
    async refresh() {
      await steadily(await head.read(), ({ parts }) => openBelow(parts));
    },
    open() {
      const value = head.known;
      // While parts are read, what was known before goes on to be.
      if (value === undefined || value === shown.of) return shown.runs;
      if (below === undefined || !sameParts(below.parts, value.parts)) return shown.runs;
      const open = new Map(below.open);
      note(open, value.recent);
      shown = { of: value, runs: [...open.values()].sort(byTime) };
      return shown.runs;
    },
    find: async (time) =>
      await steadily(
        await head.read(),
        async ({ recent, parts }) => recent[time] ?? (await inParts(parts, [time]))[time],
      ),
    known: (time) => head.known?.recent[time] ?? below?.open.get(time),
    async enqueue(runs) {
      await makeRoom();
      await edit(runs.map(({ scheduledFor }) => scheduledFor), (value, find) => {
        const fresh = runs.filter(({ scheduledFor }) => find(scheduledFor) === undefined);
        if (fresh.length === 0) return { result: undefined };
        const added = Object.fromEntries(fresh.map((run) => [run.scheduledFor, run]));
        return { value: { ...value, recent: { ...value.recent, ...added } }, result: undefined };
      });
    },
    async change(time, change) {
      await makeRoom();
      return await edit([time], (value, find) => {
        const before = find(time);
        const after = before && change(before);
        if (after === undefined || after === before) return { result: before };
        return { value: { ...value, recent: { ...value.recent, [time]: after } }, result: after };
      });
    },
    async retain(keep) {
      for (let done = false; !done;) {
        await steadily(await head.read(), async (value) => {
          const runs = { ...await readAll(value.parts), ...value.recent };
          const rest = Object.fromEntries(Object.entries(runs).filter(([, run]) => keep(run)));
          done = Object.keys(rest).length === Object.keys(runs).length;
          if (done) return;
          done = await head.update((present) =>
            present === value ? { value: { recent: rest, parts: [] }, result: true } : { result: false }
          );
          if (done) { for (const old of value.parts) await parts.remove(old); }
        });
      }
    },
  };
}

/** Whether a part is no larger than what comes on top of it, so that a run is seldom written again. */
const isMergeable = (part: Part | undefined, count: number) =>
  part !== undefined && part.count <= count && part.count + count <= MOST_TOGETHER;

/** Takes over which runs are open. */
function note(open: Map<string, Run>, runs: Runs): void {
  for (const [time, run] of Object.entries(runs)) {
    if (isOpen(run)) open.set(time, run);
    else open.delete(time);
  }
}

/** In the order of their times. */
export const byTime = (a: Run, b: Run) =>
  a.scheduledFor < b.scheduledFor ? -1 : a.scheduledFor > b.scheduledFor ? 1 : 0;
