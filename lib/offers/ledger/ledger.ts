import { LakeError } from "shopflow/errors/mod.ts";
import { decodeJson, encodeSealedJson, type ObjectStore, sealed } from "shopflow/lake/store/mod.ts";
import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import type { OfferEvent } from "./events.ts";

const FOLDER = "offers/ledger/";
/** So that keys are in the order of their numbers. */
const DIGITS = 8;
const READS_AT_ONCE = 8;
const APPEND_ATTEMPTS = 20;

/** An event as the lake keeps it. */
interface Entry {
  /** Counts from 1 without a gap. */
  sequence: number;
  /** Hash of the entry before: an entry that is changed or taken away later does not fit any more. */
  previous: string | null;
  event: OfferEvent;
}

/** The ledger of offers: events are added at its end and never changed. */
export interface OfferLedger {
  /**
   * All events, the oldest first.
   *
   * @throws {LakeError} when an entry is missing or was changed.
   */
  read(): Promise<OfferEvent[]>;
  /**
   * Adds an event that was made from all events before it: where another writer was faster, it is made again from what
   * that one added. The entry is there whole or not at all, even if the program is killed.
   *
   * @param make Given all events; the next one, or undefined to add none. It may throw to give up.
   * @returns the event that was added.
   */
  append<E extends OfferEvent>(make: (events: OfferEvent[]) => E | undefined): Promise<E | undefined>;
}

/**
 * Opens the ledger of a lake. Each event is an object of its own, numbered without gaps: the number is taken by writing
 * the object where none is, which the store lets only one writer do. So two draws at once come one after the other, and
 * nothing has to be locked. No garbage collection looks into this folder.
 */
export function openOfferLedger(store: ObjectStore): OfferLedger {
  /** Entries do not change, so each is read once. */
  const known: Entry[] = [];
  const hashes: string[] = [];

  let last: Promise<void> = Promise.resolve();
  /** One after the other: readers at once would each add the same new entries to those known. */
  function refresh(): Promise<void> {
    // A read that failed has told its own caller; the next one begins from what was read.
    const next = last.then(readNew, readNew);
    last = next;
    return next;
  }

  async function readNew(): Promise<void> {
    const stats = (await store.list(FOLDER)).filter(({ key }) => key.endsWith(".json"));
    const expected = stats.map((_, i) => keyOf(i + 1));
    const gap = expected.findIndex((key, i) => stats[i]?.key !== key);
    if (gap >= 0 || stats.length < known.length) {
      throw damaged(store, keyOf(gap < 0 ? stats.length + 1 : gap + 1), "an entry", "none");
    }
    const unread = stats.slice(known.length);
    const read = await mapConcurrently(unread, READS_AT_ONCE, ({ key }) => readEntry(store, key));
    for (const { entry, hash } of read) {
      const previous = hashes.at(-1) ?? null;
      if (entry.previous !== previous) {
        throw damaged(
          store,
          keyOf(known.length + 1),
          `an entry that follows ${previous ?? "none"}`,
          `one that follows ${entry.previous ?? "none"}`,
        );
      }
      known.push(entry);
      hashes.push(hash);
    }
  }

  const events = () => known.map(({ event }) => event);
  return {
    async read() {
      await refresh();
      return events();
    },
    async append(make) {
      for (let attempt = 1; attempt <= APPEND_ATTEMPTS; attempt++) {
        await refresh();
        const event = make(events());
        if (event === undefined) return undefined;
        const entry: Entry = { sequence: known.length + 1, previous: hashes.at(-1) ?? null, event };
        if (await store.putIfAbsent(keyOf(entry.sequence), encodeSealedJson(entry))) return event;
        // The answer to a write may get lost on the way; then the store says that there is an entry: this one.
        await refresh();
        if (JSON.stringify(known[entry.sequence - 1]) === JSON.stringify(entry)) return event;
      }
      throw new LakeError(`The ledger of offers in ${store.url} could not be written`, {
        expected: "an attempt without another writer in between",
        found: `${APPEND_ATTEMPTS} attempts, each of which collided with another writer`,
        remedy: "Run the command again.",
      });
    },
  };
}

const keyOf = (sequence: number) => `${FOLDER}${String(sequence).padStart(DIGITS, "0")}.json`;

/** @throws {LakeError} when the entry was changed since it was written. */
async function readEntry(store: ObjectStore, key: string): Promise<{ entry: Entry; hash: string }> {
  const object = await store.get(key);
  if (object === undefined) throw damaged(store, key, "an entry", "none");
  const { seal, ...entry } = decodeJson<Entry & { seal?: string }>(store, key, object);
  if (seal === undefined || sealed(entry).seal !== seal) {
    throw damaged(store, key, "an entry as it was written", "one that was changed since");
  }
  return { entry, hash: createHash("sha256").update(object.body).digest("hex") };
}

const damaged = (store: ObjectStore, key: string, expected: string, found: string) =>
  new LakeError(`The ledger of offers in ${store.url} is damaged: ${key}`, {
    expected,
    found,
    remedy:
      "Restore the folder offers/ of the lake from a backup. Nothing of ShopFlow changes or deletes an entry.",
  });
