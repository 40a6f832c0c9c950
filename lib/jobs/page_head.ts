import { LakeError } from "shopflow/errors/mod.ts";
import type { Form } from "./shared_object.ts";
import type { Part, Slots } from "./slot_parts.ts";

/** What a day's object itself holds. */
export interface PageHead {
  /** Slots as they were written lately; what parts say of them is out of date. */
  recent: Slots;
  /** Where the others are, later parts before earlier ones where both have a slot. */
  parts: readonly Part[];
}

/** A day on which nothing was entered. */
export const EMPTY_PAGE: PageHead = { recent: {}, parts: [] };
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
