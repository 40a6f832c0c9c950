import { formatCount } from "shopflow/runtime/mod.ts";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { TICKET_FIELDS, TICKET_TABLE } from "../contract.ts";
import type { TicketDocument } from "./export_file.ts";
import { isNothing } from "./values.ts";
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
 * @param without Fields that the shop does not have, so that no ticket has to.
 * @param isComplete Whether all tickets are read, so that what is missing in all that were seen is missing everywhere.
 */
export function ticketContract(
  { isComplete, without = [] }: { isComplete: boolean; without?: string[] },
): TicketContract {
  const needed = REQUIRED.filter((name) => !without.includes(name));
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
    const missing = needed.filter(isMissing);
    if (missing.length > 0) throw missingFields(missing, names, seen);
  }

  function refuseRenamed(): void {
    const isGone = (name: string) => had.has(name) && latest.every((ticket) => !(name in ticket));
    for (const gone of latest.length < LATEST ? [] : needed.filter(isGone)) {
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
      const required = needed.filter((name) => name in document);
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
  "Say in a mapping which fields these are, or null where the shop has none (`deno task sources check` shows how), " +
  "or set SHOPFLOW_MONGODB_URL to the shop's tickets.";

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
