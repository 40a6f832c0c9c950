import { ConfigError } from "shopflow/errors/mod.ts";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { type ExtractedTable, SOURCE_TABLES, type SourceTable, TICKET_TABLE } from "../contract.ts";
import { nearestName } from "../nearest_name.ts";

/**
 * Where a column comes from: the name of a column, or SQL over those of the table; null where the shop has no such
 * column.
 */
export type ColumnMapping = string | { sql: string } | null;

/** Where a table comes from: the columns that are not named have the names that ShopFlow gives them, or are not there. */
export interface TableMapping {
  /** Name in the database, alone or after its schema and a dot. */
  table?: string | undefined;
  /** A SELECT instead. */
  query?: string | undefined;
  columns: Record<string, ColumnMapping>;
}

/** Where tickets come from. */
export interface TicketMapping {
  /** Collection in MongoDB. */
  collection: string;
  /** Field by the name that ShopFlow gives it, `customer.id` for one in another document. */
  columns: Record<string, string | null>;
}

/** How the shop's tables are to be read as those of `SOURCE_TABLES`. */
export interface SourceMapping {
  /** Zone of the shop's days, for columns with a time zone. */
  timeZone: string;
  /** By table; null where the shop has none. */
  tables: Record<string, TableMapping | null>;
  tickets: TicketMapping | null;
}

/** The mapping of a shop whose tables are named as ShopFlow expects. */
export const NO_MAPPING: SourceMapping = {
  timeZone: "UTC",
  tables: {},
  tickets: { collection: TICKET_TABLE.name, columns: {} },
};

const name = z.string().trim().min(1);
/** Names and what they stand for; a key with nothing after it is null in YAML, and means none. */
const named = <T>(value: z.ZodType<T>) => z.record(z.string(), value).nullish().transform((all) => all ?? {});
const tableShape = z.strictObject({
  table: name.optional(),
  query: name.optional(),
  columns: named(
    z.union([name, z.strictObject({ sql: name }), z.null()], "expected a column, null, or { sql: … }"),
  ),
}).refine(({ table, query }) => table === undefined || query === undefined, "either table or query, not both")
  .refine(
    ({ query, columns }) =>
      query === undefined ||
      !Object.values(columns).some((column) => column !== null && typeof column === "object"),
    "either query or { sql: … } of a column, not both: the query can compute it",
  )
  .nullable();
const mappingShape = z.strictObject({
  time_zone: z.string().refine(isTimeZone, "expected a name such as Europe/Berlin").nullish()
    .transform((zone) => zone ?? "UTC"),
  tables: named(z.unknown()),
});
const ticketShape = z.strictObject({
  collection: name.default(TICKET_TABLE.name),
  columns: named(name.nullable()),
}).nullable();

function isTimeZone(name: string): boolean {
  // PostgreSQL takes +02:00 for two hours west of Greenwich, everyone else for two hours east.
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Reads a mapping file.
 *
 * @param path YAML or JSON; without it, {@linkcode NO_MAPPING}.
 * @throws {ConfigError} when it cannot be read, or names what ShopFlow does not know; the message has the place.
 */
export async function readMapping(path: string | undefined): Promise<SourceMapping> {
  if (path === undefined) return NO_MAPPING;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new ConfigError(`The source mapping ${path} cannot be read`, {
      expected: "a YAML or JSON file",
      found: cause instanceof Deno.errors.NotFound ? "none" : String(cause),
      remedy: "Correct SHOPFLOW_SOURCE_MAPPING, or unset it.",
      cause,
    });
  }
  return parseMapping(text, path);
}

/** As {@linkcode readMapping}, of a file's text. */
export function parseMapping(text: string, path: string): SourceMapping {
  const { time_zone: timeZone, tables } = checked(mappingShape, parseYaml(text, path) ?? {}, path, []);
  const known = [...SOURCE_TABLES, TICKET_TABLE];
  const { [TICKET_TABLE.name]: tickets, ...others } = tables;
  for (const name of Object.keys(others)) checkName(name, known.map(({ name }) => name), path, "tables");
  const mapped = SOURCE_TABLES.filter(({ name }) => name in others).map((table) =>
    [table.name, tableMapping(table, others[table.name], path)] as const
  );
  return {
    timeZone,
    tables: Object.fromEntries(mapped),
    tickets: tickets === undefined ? NO_MAPPING.tickets : ticketMapping(tickets, path),
  };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch (problem) {
    // Aliases without an anchor, or too many of them, are no error of the syntax.
    if (!(problem instanceof YAMLParseError || problem instanceof ReferenceError)) throw problem;
    throw new ConfigError(`The source mapping ${path} is not YAML`, {
      found: problem.message.trim(),
      remedy: "Correct the indentation or the quotes there.",
      cause: problem,
    });
  }
}

function tableMapping(table: SourceTable, value: unknown, path: string): TableMapping | null {
  const place = `tables > ${table.name}`;
  const mapping = checked(tableShape, value, path, ["tables", table.name]);
  if (mapping === null) {
    if (table.isOptional) return null;
    throw malformed(path, place, `null, but every shop has ${table.name}`);
  }
  checkColumns(table, mapping.columns, path);
  const missing = table.columns.find(({ name, isEssential }) =>
    isEssential && mapping.columns[name] === null
  );
  if (missing === undefined) return mapping;
  throw malformed(path, `${place} > columns > ${missing.name}`, "null, but nothing can be read without it");
}

function ticketMapping(value: unknown, path: string): TicketMapping | null {
  const mapping = checked(ticketShape, value, path, ["tables", TICKET_TABLE.name]);
  if (mapping === null) return null;
  checkColumns(TICKET_TABLE, mapping.columns, path);
  const vital = [...TICKET_TABLE.mergeKey, TICKET_TABLE.measures.date ?? ""];
  const missing = vital.find((name) => mapping.columns[name] === null);
  if (missing === undefined) return mapping;
  const place = `tables > ${TICKET_TABLE.name} > columns > ${missing}`;
  throw malformed(path, place, "null, but nothing can be read without it");
}

function checkColumns({ name, columns }: ExtractedTable, mapped: object, path: string): void {
  const known = columns.map(({ name }) => name);
  for (const column of Object.keys(mapped)) checkName(column, known, path, `tables > ${name} > columns`);
}

function checkName(found: string, known: string[], path: string, place: string): void {
  if (known.includes(found)) return;
  const near = nearestName(found, known);
  throw new ConfigError(`The source mapping ${path} is malformed at ${place}`, {
    expected: `names of ShopFlow: ${known.join(", ")}`,
    found: JSON.stringify(found),
    remedy: near === undefined ? "Correct the name." : `Is ${near} meant?`,
  });
}

function checked<T>(shape: z.ZodType<T>, value: unknown, path: string, place: string[]): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const { path: inner = [], message } = result.error.issues[0] ?? {};
  throw malformed(path, [...place, ...inner.map(String)].join(" > ") || "the top level", message ?? "");
}

function malformed(path: string, place: string, found: string): ConfigError {
  return new ConfigError(`The source mapping ${path} is malformed at ${place}`, {
    found,
    remedy: "documentation/how_to/map_another_shop.md shows what a mapping looks like.",
  });
}
