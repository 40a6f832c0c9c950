/** Values of ticket documents as the lake has them. */
import { BSON } from "mongodb";
import type { TicketMapping } from "../compare/mapping.ts";
import { TICKET_FIELDS } from "../contract.ts";
import { givenText } from "../files/columns.ts";
import { isRealDay } from "../files/date_column.ts";
import type { QuarantinedRow } from "../source.ts";

/** As ISO 8601, PostgreSQL, Python and Ruby write a time. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?$/;

/** A ticket with the names that ShopFlow gives its fields; what the mapping does not name stays as it is. */
export function mappedTicket(document: BSON.Document, { columns }: TicketMapping): BSON.Document {
  const mapped = Object.entries(columns);
  if (mapped.length === 0) return document;
  const ticket = { ...document };
  for (const [, source] of mapped) {
    // A document's own id stays, whatever else it stands for.
    if (source !== null && source !== "_id") delete ticket[source];
  }
  for (const [name, source] of mapped) {
    const value = source === null ? undefined : valueAt(document, source);
    if (value === undefined) delete ticket[name];
    else ticket[name] = value;
  }
  return ticket;
}

/** The value of a field, or of `customer.id` that of a field in a document. */
function valueAt(document: BSON.Document, path: string): unknown {
  if (path in document) return document[path];
  return path.split(".").reduce<unknown>(
    (inner, name) => typeof inner === "object" && inner !== null ? (inner as BSON.Document)[name] : undefined,
    document,
  );
}

/** The fields of a ticket as text for the lake, and what is wrong with it. */
interface TicketValues {
  /** In the order of `TICKET_FIELDS`; null for a field that is missing or wrong. */
  values: (string | null)[];
  wrong: QuarantinedRow["values"];
}

/** Reads the fields of a ticket document. */
export function ticketValues(document: BSON.Document): TicketValues {
  const wrong: TicketValues["wrong"] = [];
  const values = TICKET_FIELDS.map(({ name, lakeType }) => {
    const value: unknown = document[name];
    if (value === null || value === undefined) return null;
    // Text that says nothing is cleaned in the warehouse; as a number or date it is nothing at once.
    if (lakeType !== "VARCHAR" && isNothing(value)) return null;
    const { expected, read } = READERS[lakeType] ?? TEXT_READER;
    const text = read(value);
    if (text !== undefined) return text;
    wrong.push({ column: name, expected, found: describe(value) });
    return null;
  });
  return { values, wrong };
}

/** A ticket that is left out, with what a later run has to know of it. */
export function quarantinedTicket(
  document: BSON.Document,
  key: string,
  values: QuarantinedRow["values"],
): QuarantinedRow {
  return {
    key,
    values,
    row: BSON.EJSON.stringify(document),
    month: utcText(document.created_date)?.slice(0, 7) ?? "undated",
  };
}

/** The ticket_id of a ticket that was left out, as the lake would have it; undefined where that is wrong or missing. */
export const quarantinedId = ({ row }: Pick<QuarantinedRow, "row">): string | undefined =>
  plainText(BSON.EJSON.parse(row).ticket_id);

interface ValueReader {
  expected: string;
  /** The value as text, undefined when it is none. */
  read(value: unknown): string | undefined;
}

const TEXT_READER: ValueReader = { expected: "text", read: plainText };

/** By lake type; the others are text. */
const READERS: Record<string, ValueReader> = {
  INTEGER: {
    expected: "a whole number of 32 bits",
    read(value) {
      const number = numberOf(value);
      return number !== undefined && number === (number | 0) ? String(number) : undefined;
    },
  },
  TIMESTAMP: {
    expected: "a date",
    read: utcText,
  },
};

const isNumberOfBson = (value: unknown) =>
  value instanceof BSON.Long || value instanceof BSON.Decimal128 || value instanceof BSON.Double ||
  value instanceof BSON.Int32;

/** A number of any type of BSON, or a whole one that is written as text; undefined for anything else. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  // As text, since a Decimal128 has no number of its own; what is whole and of 32 bits stays exact.
  if (isNumberOfBson(value)) return Number(String(value));
  return typeof value === "string" && /^\s*[+-]?\d{1,10}\s*$/.test(value) ? Number(value) : undefined;
}

/** Text, and what is plainly written as such: numbers, ids and Booleans. */
function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value === "boolean" || typeof value === "bigint" || isNumberOfBson(value)) return String(value);
  if (value instanceof BSON.ObjectId) return value.toHexString();
  // Also one that is a Binary of this subtype, as drivers of other languages write it.
  if (value instanceof BSON.Binary && value.sub_type === BSON.Binary.SUBTYPE_UUID) {
    return value.toUUID().toString();
  }
  return undefined;
}

/** Values of MongoDB that {@linkcode ticketValues} writes as this text. */
export function valuesOfText(text: string): unknown[] {
  return [
    text,
    ...(/^-?\d{1,15}$/.test(text) ? [Number(text)] : []),
    ...(/^[0-9a-f]{24}$/.test(text) ? [new BSON.ObjectId(text)] : []),
    ...(BSON.UUID.isValid(text) ? [new BSON.UUID(text)] : []),
  ];
}

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
  // JavaScript takes neither a blank before the zone, nor UTC, nor hours alone.
  const clock = value.slice(11).replace(" ", "").replace("UTC", "Z").replace(/[+-]\d{2}$/, "$&:00");
  const time = `${value.slice(0, 10)}T${clock || "00:00"}`;
  return new Date(/(Z|[+-]\d{2}:?\d{2})$/.test(time.slice(10)) ? time : `${time}Z`);
}

/** Whether a value is blank, a word for no value, or no number. */
export function isNothing(value: unknown): boolean {
  if (typeof value === "string") return givenText(value) === "";
  return (typeof value === "number" || isNumberOfBson(value)) && Number.isNaN(Number(String(value)));
}

function describe(value: unknown): string {
  const type = value instanceof Date ? "date" : Array.isArray(value) ? "list" : typeof value;
  return `${type} ${BSON.EJSON.stringify(value).slice(0, 60)}`;
}
