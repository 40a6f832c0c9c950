import type { BSON } from "mongodb";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { TICKET_FIELDS, TICKET_TABLE } from "./source_tables.ts";

/** So many of the last tickets tell what tickets look like now. */
const LATEST = 5;
/** More names than these are no fields but data. */
const MOST_NAMES = 200;

const AGREED = new Set(["_id", ...TICKET_FIELDS.map(({ name }) => name)]);
const REQUIRED = TICKET_FIELDS.filter(({ required }) => required).map(({ name }) => name);

/** Watches which fields tickets have while they are read; a schema tells none. */
export interface TicketContract {
  /** Takes note of a ticket. They come in the order in which they were made, as far as the source has one. */
  see(document: BSON.Document): void;
  /**
   * @returns the fields that ShopFlow does not know.
   * @throws {SchemaContractError} when a required field has got another name: tickets before had it, none of the last
   *   has it, all of these have one that is not known, and no ticket has both. (That it is missing alone may be its
   *   way to say that it has no value yet.)
   */
  check(): string[];
}

/** A watch for one reading of the tickets. */
export function ticketContract(): TicketContract {
  /** By field that is not known: required fields that tickets have beside it. */
  const beside = new Map<string, Set<string>>();
  const had = new Set<string>();
  let latest: BSON.Document[] = [];
  return {
    see(document) {
      latest = [...latest.slice(1 - LATEST), document];
      const required = REQUIRED.filter((name) => name in document);
      for (const name of required) had.add(name);
      for (const name of Object.keys(document)) {
        if (AGREED.has(name) || (!beside.has(name) && beside.size === MOST_NAMES)) continue;
        const others = beside.get(name) ?? new Set();
        beside.set(name, others);
        for (const name of required) others.add(name);
      }
    },
    check() {
      const isGone = (name: string) => had.has(name) && latest.every((ticket) => !(name in ticket));
      for (const gone of latest.length < LATEST ? [] : REQUIRED.filter(isGone)) {
        const instead = [...beside].find(([name, others]) =>
          !others.has(gone) && latest.every((ticket) => name in ticket)
        );
        if (instead !== undefined) throw renamed(gone, instead[0]);
      }
      return [...beside.keys()].sort();
    },
  };
}

function renamed(gone: string, instead: string): SchemaContractError {
  const { name } = TICKET_TABLE;
  return new SchemaContractError(`Table ${name} is not as agreed`, {
    expected: `field ${name}.${gone}`,
    found: `no such field in the last ${LATEST} tickets, but ${JSON.stringify(instead)}, ` +
      "which no ticket has beside it",
    remedy: `Give the field its name back, or change lib/sources/source_tables.ts to what the shop has now.`,
  });
}
