import { LakeError } from "shopflow/errors/mod.ts";
import { decodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { randomUUID } from "node:crypto";
import { pageKey, partKey } from "./keys.ts";
import { isOpen, type Slot } from "../run.ts";
import { type Change, type Form, sharedObject } from "./shared_object.ts";

/** Slots of a page that lie in an object of their own, which is never changed. */
interface Part {
  /** Never used twice, so that nobody who is late can put something else there. */
  id: string;
  count: number;
  /** The times of its first and its last slot. */
  from: string;
  to: string;
}

/** Slots by their time. */
type Slots = Record<string, Slot>;

/** The parts of one page. */
interface SlotParts {
  /** @throws {PartGone} when it is not there (any more). */
  read(part: Part): Promise<Slots>;
  write(slots: Slots): Promise<Part>;
  remove(part: Part): Promise<void>;
}

/** A part that is not there: it was put together with others since the page was read, or got lost. */
class PartGone extends LakeError {
  override name = "PartGone";
}

/** The parts of a job's page of a UTC day (`2024-10-02`), each an object of its own in the lake. */
function slotParts(store: ObjectStore, job: string, day: string): SlotParts {
  const keyOf = ({ id }: Pick<Part, "id">) => partKey(job, day, id);
  return {
    async read(part) {
      const object = await store.get(keyOf(part));
      if (object !== undefined) return decodeJson<{ slots: Slots }>(store, keyOf(part), object).slots;
      throw new PartGone(`Slots of ${job} of ${day} are missing`, {
        expected: `${keyOf(part)}, which the day's page names`,
        found: `no such object in ${store.url}`,
        remedy: "Restore the object from a backup.",
      });
    },
    async write(slots) {
      const times = Object.keys(slots).sort();
      const part = { id: randomUUID(), count: times.length, from: times[0]!, to: times.at(-1)! };
      await store.putIfAbsent(keyOf(part), new TextEncoder().encode(JSON.stringify({ slots }) + "\n"));
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
  /** Slots as they were written lately; what parts say of them is out of date. */
  recent: Slots;
  /** Where the others are, later parts before earlier ones where both have a slot. */
  parts: readonly Part[];
}

/** A day on which nothing was entered. */
const EMPTY_PAGE: PageHead = { recent: {}, parts: [] };
const FORMAT = 2;

/**
 * As long as there are no parts the object is `{ slots }`, as it was before there were any. With parts it has no
 * `slots`, so that a program that knows of none fails instead of taking what is recent for all.
 *
 * @throws {LakeError} by `decode`, for an object that another version of ShopFlow has written.
 */
export const pageForm = (key: string): Form<PageHead> => ({
  encode: ({ recent, parts }) => parts.length === 0 ? { slots: recent } : { format: FORMAT, recent, parts },
  decode(stored) {
    const found = stored as { format?: unknown; slots?: Slots; recent?: Slots; parts?: Part[] } | null;
    if (found?.format === undefined && isObject(found?.slots)) return { recent: found.slots, parts: [] };
    if (found?.format === FORMAT && isObject(found.recent) && Array.isArray(found.parts)) {
      return { recent: found.recent, parts: found.parts };
    }
    throw new LakeError(`${key} is no page of slots that this version of ShopFlow knows`, {
      expected: `an object with slots, or one of format ${FORMAT}`,
      found: found?.format === undefined ? "something else" : `format ${JSON.stringify(found.format)}`,
      remedy: "Update ShopFlow on this machine to the version of the other schedulers of the lake.",
    });
  },
});

const isObject = (value: unknown): value is Slots =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The slots of one job that were due on one UTC day, by their time. */
export interface Page {
  slots: Slots;
}

/**
 * The page of a job and a day. Its object, the head, has the slots that were written lately and is changed by
 * compare-and-swap. Once there are many of them they go into a part, an object that is never changed, so that a
 * change costs the same however many slots the day has. Of what is in parts only the open slots are held in memory.
 */
export interface SlotPage {
  /** All of it as it is now. */
  read(): Promise<Page>;
  /** Looks which slots are open now. */
  refresh(): Promise<void>;
  /** Those that were when it was last looked at or changed, the oldest first. */
  open(): readonly Slot[];
  /** A slot as it is now; undefined when it was never entered. */
  find(slot: string): Promise<Slot | undefined>;
  /** A slot as it is held in memory; undefined when that is not known. */
  known(slot: string): Slot | undefined;
  /** Enters slots; those that are there stay as they are. */
  enter(slots: Slot[]): Promise<void>;
  /** Changes a slot in one step, unless `change` gives undefined. @returns the slot as it is then. */
  change(slot: string, change: (slot: Slot) => Slot | undefined): Promise<Slot | undefined>;
  /** Takes back the slots that are not to be kept. */
  retain(keep: (slot: Slot) => boolean): Promise<void>;
}

/** So many slots are in the head before they go into a part. */
const MOST_RECENT = 32;
/** Parts that would have more together stay apart, so that putting them together takes little memory. */
const MOST_TOGETHER = 512;
const AGAIN = Symbol("the parts are others by now");

/** Open slots of parts, as far as these were read. */
interface Below {
  parts: readonly Part[];
  open: Map<string, Slot>;
}

/** @param follow Hold the open slots, for {@linkcode SlotPage.open}. */
export function slotPage(
  store: ObjectStore,
  job: string,
  day: string,
  { follow = false } = {},
): SlotPage {
  const key = pageKey(job, day);
  const head = sharedObject<PageHead>(store, key, EMPTY_PAGE, pageForm(key));
  const parts = slotParts(store, job, day);
  /** Undefined where nobody wants to know what is open. */
  let below: Below | undefined = follow ? { parts: [], open: new Map() } : undefined;
  let shown: { of?: PageHead; slots: readonly Slot[] } = { slots: [] };

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

  const readAll = async (wanted: readonly Part[]): Promise<Slots> =>
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

  /** Slots that a part has, of those that are asked for. */
  async function inParts(wanted: readonly Part[], times: string[]): Promise<Slots> {
    const known = below !== undefined ? (await openBelow(wanted)).open : new Map<string, Slot>();
    const found: Slots = {};
    const missing = new Set(times);
    const settle = (time: string, slot: Slot | undefined) => {
      if (slot !== undefined && missing.delete(time)) found[time] = slot;
    };
    for (const time of times) settle(time, known.get(time));
    for (const part of wanted.toReversed()) {
      const covered = [...missing].filter((time) => time >= part.from && time <= part.to);
      if (covered.length === 0) continue;
      const slots = await parts.read(part);
      for (const time of covered) settle(time, slots[time]);
    }
    return found;
  }

  /** Changes the head, with what parts say of slots in hand. */
  async function edit<R>(
    times: string[],
    change: (value: PageHead, find: (time: string) => Slot | undefined) => ReturnType<Change<PageHead, R>>,
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
      let slots = value.recent;
      for (let count = Object.keys(slots).length; isMergeable(rest.at(-1), count);) {
        slots = { ...await parts.read(rest.pop()!), ...slots };
        count = Object.keys(slots).length;
      }
      const part = await parts.write(slots);
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
        async ({ recent, parts }) => ({ slots: { ...await readAll(parts), ...recent } }),
      ),
    async refresh() {
      await steadily(await head.read(), ({ parts }) => openBelow(parts));
    },
    open() {
      const value = head.known;
      // While parts are read, what was known before goes on to be.
      if (value === undefined || value === shown.of) return shown.slots;
      if (below === undefined || !sameParts(below.parts, value.parts)) return shown.slots;
      const open = new Map(below.open);
      note(open, value.recent);
      shown = { of: value, slots: [...open.values()].sort(bySlot) };
      return shown.slots;
    },
    find: async (time) =>
      await steadily(
        await head.read(),
        async ({ recent, parts }) => recent[time] ?? (await inParts(parts, [time]))[time],
      ),
    known: (time) => head.known?.recent[time] ?? below?.open.get(time),
    async enter(slots) {
      await makeRoom();
      await edit(slots.map(({ slot }) => slot), (value, find) => {
        const fresh = slots.filter(({ slot }) => find(slot) === undefined);
        if (fresh.length === 0) return { result: undefined };
        const added = Object.fromEntries(fresh.map((slot) => [slot.slot, slot]));
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
          const slots = { ...await readAll(value.parts), ...value.recent };
          const rest = Object.fromEntries(Object.entries(slots).filter(([, slot]) => keep(slot)));
          done = Object.keys(rest).length === Object.keys(slots).length;
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

/** Whether a part is no larger than what comes on top of it, so that a slot is seldom written again. */
const isMergeable = (part: Part | undefined, count: number) =>
  part !== undefined && part.count <= count && part.count + count <= MOST_TOGETHER;

/** Takes over which slots are open. */
function note(open: Map<string, Slot>, slots: Slots): void {
  for (const [time, slot] of Object.entries(slots)) {
    if (isOpen(slot)) open.set(time, slot);
    else open.delete(time);
  }
}

/** In the order of their times. */
export const bySlot = (a: Slot, b: Slot) => a.slot < b.slot ? -1 : a.slot > b.slot ? 1 : 0;
