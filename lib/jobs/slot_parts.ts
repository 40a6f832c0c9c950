import { LakeError } from "shopflow/errors/mod.ts";
import { decodeJson, type ObjectStore } from "shopflow/lake/mod.ts";
import { randomUUID } from "node:crypto";
import { partKey } from "./ledger_keys.ts";
import type { Slot } from "./slot.ts";

/** Slots of a page that lie in an object of their own, which is never changed. */
export interface Part {
  /** Never used twice, so that nobody who is late can put something else there. */
  id: string;
  count: number;
  /** The times of its first and its last slot. */
  from: string;
  to: string;
}

/** Slots by their time. */
export type Slots = Record<string, Slot>;

/** The parts of one page. */
export interface SlotParts {
  /** @throws {PartGone} when it is not there (any more). */
  read(part: Part): Promise<Slots>;
  write(slots: Slots): Promise<Part>;
  remove(part: Part): Promise<void>;
}

/** A part that is not there: it was put together with others since the page was read, or got lost. */
export class PartGone extends LakeError {
  override name = "PartGone";
}

/** The parts of a job's page of a UTC day (`2024-10-02`), each an object of its own in the lake. */
export function slotParts(store: ObjectStore, job: string, day: string): SlotParts {
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
export function sameParts(a: readonly Part[], b: readonly Part[]): boolean {
  return a === b || (a.length === b.length && a.every(({ id }, i) => id === b[i]!.id));
}
