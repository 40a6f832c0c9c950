import { BSON } from "mongodb";
import { SourceError } from "shopflow/errors/mod.ts";

/** A ticket with the place it was found at, for messages. */
export interface TicketDocument {
  document: BSON.Document;
  place: string;
}

/**
 * Reads a file as `mongoexport` writes it: one document a line.
 *
 * @throws {SourceError} when it cannot be opened or a line is not a document.
 */
export async function* readTicketFile(path: string): AsyncGenerator<TicketDocument> {
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() !== "") {
      yield { document: parseLine(line, number, path), place: `line ${number} of ${path}` };
    }
  }
}

function parseLine(line: string, number: number, path: string): BSON.Document {
  let cause: unknown;
  try {
    const document: unknown = BSON.EJSON.parse(line);
    if (typeof document === "object" && document !== null && !Array.isArray(document)) return document;
  } catch (error) {
    cause = error;
  }
  throw new SourceError(`Line ${number} of the tickets file ${path} cannot be read`, {
    expected: "one JSON document a line, as mongoexport writes them (without --jsonArray)",
    found: JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line),
    remedy: "Export the collection again, or correct the line.",
    cause,
  });
}

/** Lines by line feed only: U+2028 and the like, which `node:readline` takes for line ends, occur in text. */
async function* readLines(path: string): AsyncGenerator<string> {
  using file = await openFile(path);
  let rest = "";
  try {
    for await (const text of file.readable.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new SourceError(`The tickets file ${path} cannot be read`, { expected: "text in UTF-8", cause });
  }
  if (rest !== "") yield rest;
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw new SourceError("The tickets file cannot be opened", {
      expected: `a mongoexport file at ${path}`,
      found: cause instanceof Deno.errors.NotFound ? "none" : String(cause),
      remedy: "Run `deno task simulate`, or set SHOPFLOW_MONGODB_URL to the file or the MongoDB server.",
      cause,
    });
  }
}
