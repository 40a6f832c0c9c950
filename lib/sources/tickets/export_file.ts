import { BSON } from "mongodb";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { formatCount, type Logger } from "shopflow/runtime/mod.ts";
import { isRealDay } from "../files/date_column.ts";
import { isOverLines, JsonDocuments, type JsonPiece } from "../files/json_documents.ts";
import { readTextLines } from "../files/text_lines.ts";

/** A ticket with the place it was found at, for messages. */
export interface TicketDocument {
  document: BSON.Document;
  place: string;
}

/** A line that is no document, and why. */
interface BrokenLine {
  number: number;
  line: string;
  cause: unknown;
}

/** Dates as mongoexport writes them. */
const EXPORTED_DATE = /\{\s*"\$date"\s*:\s*"([^"]*)"\s*\}/g;
const ISO_DATE = /^(\d{4,6})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads a file as `mongoexport` writes it: one document a line, an array (`--jsonArray`, as MongoDB Compass exports), or
 * documents over several lines (`--pretty`). It may be packed with gzip. All of it are tickets or blank, which the log
 * says in numbers, or the file is not taken: a part of the tickets would look like all of them.
 *
 * @throws {SourceError} when it cannot be opened or changes while it is read.
 * @throws {SchemaContractError} when a line is not a document, which stops the tickets alone; the message
 *   has the first such line and how many there are.
 */
export async function* readTicketFile(path: string, log: Logger): AsyncGenerator<TicketDocument> {
  const counts = { lines: 0, blank: 0, tickets: 0 };
  const broken: { count: number; first?: BrokenLine } = { count: 0 };
  for await (const { line, text, broken: why } of pieces(path, counts)) {
    const { document, cause } = why === undefined ? parseLine(text) : { cause: new TypeError(why) };
    if (document === undefined) {
      broken.count++;
      broken.first ??= { number: line, line: text, cause };
    } else if (broken.first === undefined) {
      counts.tickets++;
      // After a broken line the rest is read only to count the others.
      yield { document, place: `line ${line} of ${path}` };
    }
  }
  if (broken.first !== undefined) throw brokenLines(path, broken.first, broken.count, counts.lines);
  const inLines = counts.lines - counts.blank === counts.tickets;
  log.info(
    `  tickets file: ${formatCount(counts.lines)} lines read = ${formatCount(counts.tickets)} tickets${
      inLines ? ` + ${formatCount(counts.blank)} blank` : ", over several lines or in an array"
    }`,
  );
}

/** The documents of the file, not parsed yet: each a line, unless the first line says that they are not. */
async function* pieces(path: string, counts: { lines: number; blank: number }): AsyncGenerator<JsonPiece> {
  let documents: JsonDocuments | undefined;
  let isDecided = false;
  for await (const lines of openTicketFile(path)) {
    for (const text of lines) {
      counts.lines++;
      if (text.trim() === "") counts.blank++;
      else if (!isDecided) {
        isDecided = true;
        if (isOverLines(text)) documents = new JsonDocuments(counts.lines);
      }
      if (documents !== undefined) yield* documents.add(text);
      else if (text.trim() !== "") yield { line: counts.lines, text };
    }
  }
  if (documents !== undefined) yield* documents.end();
}

async function* openTicketFile(path: string): AsyncGenerator<string[]> {
  try {
    yield* readTextLines(path, { expected: "documents as mongoexport writes them" });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SourceError("The tickets file cannot be opened", {
      expected: `a mongoexport file at ${path}`,
      found: "none",
      remedy: "Run `deno task simulate`, or set SHOPFLOW_MONGODB_URL to the file or the MongoDB server.",
      cause,
    });
  }
}

function parseLine(
  line: string,
): { document: BSON.Document; cause?: undefined } | { document?: undefined; cause: unknown } {
  try {
    return { document: parseDocument(line) };
  } catch (cause) {
    return { cause };
  }
}

function parseDocument(line: string): BSON.Document {
  // JavaScript takes 30 February for 1 March, and 3/4/2024 for the month first: what is no date stays the text that it
  // is, which is one ticket's mistake.
  const dated = line.replaceAll(EXPORTED_DATE, (whole, date: string) => {
    const [, year, month, day] = ISO_DATE.exec(date) ?? [];
    return isRealDay(Number(year), Number(month), Number(day)) ? whole : JSON.stringify(date);
  });
  const document: unknown = BSON.EJSON.parse(dated);
  // Values such as {"$oid": …} are objects too, but no documents.
  if (
    document !== null && typeof document === "object" && Object.getPrototypeOf(document) === Object.prototype
  ) {
    return document;
  }
  throw new TypeError("not a document");
}

function brokenLines(
  path: string,
  { number, line, cause }: BrokenLine,
  count: number,
  lines: number,
): SchemaContractError {
  const reason = cause instanceof Error ? ` (${cause.message.slice(0, 200)})` : "";
  return new SchemaContractError(
    `${formatCount(count)} of ${formatCount(lines)} lines of the tickets file ${path} cannot be read, ${
      count === 1 ? "" : "the first is "
    }line ${formatCount(number)}`,
    {
      expected: "one JSON document a line or an array of them, as mongoexport writes them",
      found: JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line) + reason,
      remedy: "Export the collection again, or correct the line.",
      cause,
    },
  );
}
