import { BSON } from "mongodb";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { isRealDay } from "./files/date_column.ts";
import { givenText } from "./files/missing_words.ts";
import { TICKET_FIELDS } from "./source_tables.ts";

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
    const text = READERS[lakeType]!.read(value);
    if (text !== undefined) return text;
    const ticket = typeof document.ticket_id === "string" ? document.ticket_id : "without ticket_id";
    throw new SchemaContractError(`Field ${name} of ticket ${ticket} (${place}) has the wrong type`, {
      expected: READERS[lakeType]!.expected,
      found: `${describe(value)}`,
      remedy: "Correct the document in the shop's ticket system.",
    });
  });
}

/** By lake type: how to read a value, undefined when it is none. */
const READERS: Record<string, { expected: string; read(value: unknown): string | undefined }> = {
  VARCHAR: {
    expected: "text",
    read: (value) => typeof value === "string" ? value : undefined,
  },
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
  const [, sign, digits, rest] = /^([+-]?)0*(\d{4,})(-.*)Z$/.exec(date.toISOString())!;
  const [day, time] = rest!.split("T");
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
export const isNothing = (value: unknown): boolean =>
  typeof value === "string" ? givenText(value) === "" : typeof value === "number" && Number.isNaN(value);

function describe(value: unknown): string {
  const type = value instanceof Date ? "date" : Array.isArray(value) ? "list" : typeof value;
  return `${type} ${BSON.EJSON.stringify(value).slice(0, 60)}`;
}
