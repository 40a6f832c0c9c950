import { formatCount } from "shopflow/runtime/mod.ts";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { TICKET_FIELDS, TICKET_TABLE } from "../contract.ts";
import type { TicketDocument } from "./export_file.ts";
import { BSON } from "mongodb";
import { isRealDay } from "../files/date_column.ts";
import { givenText } from "../files/columns.ts";
import { nearestName } from "../nearest_name.ts";

/** So many of the last tickets tell what tickets look like now. */
const LATEST = 5;
/** Fewer tickets than these may lack a field by chance. */
const ENOUGH = 5;
/** More names than these are no fields but data. */
const MOST_NAMES = 200;
/** Places that a warning names. */
const EXAMPLES = 3;
/** A larger part of the tickets that cannot be used is no accident of single tickets. */
const MOST_UNUSABLE = 0.2;

const AGREED = new Set(["_id", ...TICKET_FIELDS.map(({ name }) => name)]);
const REQUIRED = TICKET_FIELDS.filter(({ required }) => required).map(({ name }) => name);
/** Without a value in these, a ticket is left out of fact_support_tickets. */
const VITAL = [...TICKET_TABLE.mergeKey, "created_date"];

/** What was found in tickets that can be used. */
interface TicketReport {
  /** Fields that ShopFlow does not know. */
  unread: string[];
  /** What people should know of the tickets, one sentence each. */
  warnings: string[];
}

/** Watches which fields tickets have while they are read, since no schema says it. */
export interface TicketContract {
  /** Takes note of a ticket. They come in the order in which they were made, as far as the source has one. */
  see(ticket: TicketDocument): void;
  /**
   * @throws {SchemaContractError} when no ticket has a required field; when more than a fifth of all tickets lack an id
   *   or a creation date; or when a required field has got another name: tickets before had it, none of the last has
   *   it, all of these have one that is not known, and no ticket has both. (That it is missing in the last alone may be
   *   their way to say that it has no value yet.)
   */
  check(): TicketReport;
}

/**
 * A watch for one reading of the tickets.
 *
 * @param isComplete Whether all tickets are read, so that what is missing in all that were seen is missing everywhere.
 */
export function ticketContract({ isComplete }: { isComplete: boolean }): TicketContract {
  /** By field that is not known: required fields that tickets have beside it. */
  const beside = new Map<string, Set<string>>();
  const names = new Set<string>();
  const had = new Set<string>();
  const lacking = new Map(VITAL.map((name) => [name, { tickets: 0, examples: [] as string[] }]));
  let latest: TicketDocument["document"][] = [];
  let seen = 0;

  /** Stops tickets of which no one has a required field: the whole source would be dropped, or a column be empty. */
  function refuseMissing(): void {
    const isMissing = (name: string) => {
      const lacks = lacking.get(name);
      if (lacks !== undefined) return lacks.tickets === seen && seen >= (isComplete ? 1 : ENOUGH);
      return !had.has(name) && seen >= ENOUGH;
    };
    const missing = REQUIRED.filter(isMissing);
    if (missing.length > 0) throw missingFields(missing, names, seen);
  }

  function refuseRenamed(): void {
    const isGone = (name: string) => had.has(name) && latest.every((ticket) => !(name in ticket));
    for (const gone of latest.length < LATEST ? [] : REQUIRED.filter(isGone)) {
      const instead = [...beside].find(([name, others]) =>
        !others.has(gone) && latest.every((ticket) => name in ticket)
      );
      if (instead !== undefined) throw renamed(gone, instead[0]);
    }
  }

  return {
    see({ document, place }) {
      seen++;
      latest = [...latest.slice(1 - LATEST), document];
      const required = REQUIRED.filter((name) => name in document);
      for (const name of required) had.add(name);
      for (const [name, lacks] of lacking) {
        const value: unknown = document[name];
        if (value !== undefined && value !== null && !isNothing(value)) continue;
        lacks.tickets++;
        if (lacks.examples.length < EXAMPLES) lacks.examples.push(place);
      }
      for (const name of Object.keys(document)) {
        if (names.size < MOST_NAMES) names.add(name);
        if (AGREED.has(name) || (!beside.has(name) && beside.size === MOST_NAMES)) continue;
        const others = beside.get(name) ?? new Set();
        beside.set(name, others);
        for (const name of required) others.add(name);
      }
    },
    check() {
      refuseMissing();
      refuseRenamed();
      const warnings = [...lacking].filter(([, { tickets }]) => tickets > 0).map(([name, lacks]) => {
        const text = `${lacks.tickets} of ${seen} tickets that were read have no ${name}, e.g. ${
          lacks.examples.join(", ")
        }`;
        const isPart = seen >= ENOUGH && lacks.tickets > seen * MOST_UNUSABLE;
        if (isComplete && isPart) throw unusable(name, text);
        return `support_tickets: ${text}. The raw layer keeps them; fact_support_tickets leaves them out.`;
      });
      return { unread: [...beside.keys()].sort(), warnings };
    },
  };
}

const REMEDY =
  "Give the fields these names (in MongoDB a view can), set SHOPFLOW_MONGODB_URL to the shop's tickets, " +
  "or change lib/sources/contract.ts to what the shop has now.";

function missingFields(missing: string[], names: Set<string>, seen: number): SchemaContractError {
  const unknown = [...names].filter((name) => !AGREED.has(name));
  const meant = missing.flatMap((name) => {
    const near = nearestName(name, unknown);
    return near === undefined ? [] : [`${near} may be ${name}`];
  });
  const found = [...names].sort().join(", ");
  return new SchemaContractError(`Table ${TICKET_TABLE.name} does not match its contract`, {
    expected: missing.map((name) => `field ${TICKET_TABLE.name}.${name}`).join(", "),
    found: `no value in any of the ${formatCount(seen)} tickets that were read; their fields are ${found}` +
      (meant.length > 0 ? ` (${meant.join(", ")})` : ""),
    remedy: REMEDY,
  });
}

function unusable(name: string, found: string): SchemaContractError {
  return new SchemaContractError(`Too many tickets of ${TICKET_TABLE.name} cannot be used`, {
    expected: `a ${name} in at least ${100 - MOST_UNUSABLE * 100} % of the tickets`,
    found,
    remedy: "Correct the documents in the shop's ticket system, or the fields' names.",
  });
}

function renamed(gone: string, instead: string): SchemaContractError {
  const { name } = TICKET_TABLE;
  return new SchemaContractError(`Table ${name} does not match its contract`, {
    expected: `field ${name}.${gone}`,
    found: `no such field in the last ${LATEST} tickets, but ${JSON.stringify(instead)}, ` +
      "which no ticket has beside it",
    remedy: REMEDY,
  });
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?$/;

/**
 * The fields of a ticket document in the order of `TICKET_FIELDS`, as text for the lake; a missing field is
 * null.
 *
 * @param place where the document is, for the message, e.g. `line 12 of tickets.jsonl`.
 * @throws {SchemaContractError} when a field has another type than agreed.
 */
export function ticketValues(document: BSON.Document, place: string): (string | null)[] {
  return TICKET_FIELDS.map(({ name, lakeType }) => {
    const value: unknown = document[name];
    if (value === null || value === undefined) return null;
    // Text that says nothing is cleaned in the warehouse; as a number or date it is nothing at once.
    if (lakeType !== "VARCHAR" && isNothing(value)) return null;
    const { expected, read } = readerOf(lakeType);
    const text = read(value);
    if (text !== undefined) return text;
    const ticket = typeof document.ticket_id === "string" ? document.ticket_id : "without ticket_id";
    throw new SchemaContractError(`Field ${name} of ticket ${ticket} (${place}) has the wrong type`, {
      expected,
      found: `${describe(value)}`,
      remedy: "Correct the document in the shop's ticket system.",
    });
  });
}

interface ValueReader {
  expected: string;
  /** The value as text, undefined when it is none. */
  read(value: unknown): string | undefined;
}

const TEXT_READER: ValueReader = {
  expected: "text",
  read: (value) => typeof value === "string" ? value : undefined,
};
const readerOf = (lakeType: string): ValueReader => READERS[lakeType] ?? TEXT_READER;

/** By lake type; the others are text. */
const READERS: Record<string, ValueReader> = {
  INTEGER: {
    expected: "a whole number of 32 bits",
    read(value) {
      const number = value instanceof BSON.Long ? value.toNumber() : value;
      return typeof number === "number" && number === (number | 0) ? String(number) : undefined;
    },
  },
  TIMESTAMP: {
    expected: "a date",
    read: utcText,
  },
};

/** A date as the lake has it, `YYYY-MM-DD HH:MM:SS.mmm` in UTC; undefined for what is none. */
export function utcText(value: unknown): string | undefined {
  const date = value instanceof Date ? value : isoDate(value);
  if (date === undefined || Number.isNaN(date.getTime())) return undefined;
  const [, sign, digits = "", day, time] = /^([+-]?)0*(\d{4,})(-.*)T(.*)Z$/.exec(date.toISOString()) ?? [];
  // As DuckDB writes them, so that months of source and lake are named alike. It knows no year 0: before 1 is 1 BC.
  const isBefore = sign === "-" || Number(digits) === 0;
  if (!isBefore) return `${digits}${day} ${time}`;
  return `${String(Number(digits) + 1).padStart(4, "0")}${day} (BC) ${time}`;
}

/** Times without a zone are UTC, as all times in the lake. */
function isoDate(value: unknown): Date | undefined {
  if (typeof value !== "string" || !ISO_TIME.test(value)) return undefined;
  const [year, month, day] = value.slice(0, 10).split("-").map(Number);
  // JavaScript takes 30 February for 1 March.
  if (!isRealDay(year ?? 0, month ?? 0, day ?? 0)) return undefined;
  const time = value.length > 10 ? value.replace(" ", "T") : `${value}T00:00`;
  return new Date(/(Z|[+-]\d{2}:?\d{2})$/.test(time.slice(10)) ? time : `${time}Z`);
}

/** Whether a value is blank, a word for no value, or no number. */
const isNothing = (value: unknown): boolean =>
  typeof value === "string" ? givenText(value) === "" : typeof value === "number" && Number.isNaN(value);

function describe(value: unknown): string {
  const type = value instanceof Date ? "date" : Array.isArray(value) ? "list" : typeof value;
  return `${type} ${BSON.EJSON.stringify(value).slice(0, 60)}`;
}
