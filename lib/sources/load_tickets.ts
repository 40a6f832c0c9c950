import { BSON } from "mongodb";
import { maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import type { LoadOptions } from "./load_tables.ts";
import { connectTickets, mongoError } from "./mongo_client.ts";
import { rowRate } from "./row_rate.ts";

const BATCH = 1000;
type Ticket = Record<string, unknown>;
type Tickets = Iterable<Ticket> | AsyncIterable<Ticket>;

/**
 * Loads support tickets into the collection of a `mongodb:` URL, or writes them to the file of a `file:` URL
 * as mongoexport does (a JSON document a line, dates as `{"$date": …}`). Dates may be `Date` or `{"$date"}`;
 * a ticket without `_id` gets one by its position, so that equal input gives equal bytes.
 *
 * @returns the number of tickets.
 * @throws {SourceError} when there are tickets already and `replace` is not set, or they cannot be written.
 */
export async function loadTickets(
  ticketsUrl: string,
  tickets: Tickets,
  { replace = false, progress }: LoadOptions,
): Promise<number> {
  const bar = progress.start("load support_tickets", 0, "rows");
  const started = performance.now();
  const rows = ticketsUrl.startsWith("file:")
    ? await writeTicketFile(ticketsUrl.slice("file:".length), tickets, replace)
    : await insertTickets(ticketsUrl, tickets, replace);
  bar.finish(rowRate(rows, performance.now() - started));
  return rows;
}

async function insertTickets(url: string, tickets: Tickets, replace: boolean): Promise<number> {
  await using connection = await connectTickets(url);
  const { collection } = connection;
  let rows = 0;
  try {
    if (replace) await collection.deleteMany({});
    else if (await collection.findOne() !== null) throw holdsTickets(maskUrl(url));
    for await (const batch of batches(tickets)) {
      await collection.insertMany(batch.map((ticket, i) => toDocument(ticket, rows + i)));
      rows += batch.length;
    }
  } catch (error) {
    throw mongoError(error, url);
  }
  return rows;
}

async function writeTicketFile(path: string, tickets: Tickets, replace: boolean): Promise<number> {
  if (!replace && await fileSize(path) > 0) throw holdsTickets(path);
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = `${path}.${randomUUID()}.tmp`;
  let rows = 0;
  try {
    using file = await Deno.open(staged, { createNew: true, write: true });
    const writer = file.writable.getWriter();
    for await (const batch of batches(tickets)) {
      const lines = batch.map((ticket, i) =>
        BSON.EJSON.stringify(toDocument(ticket, rows + i), { relaxed: true }) + "\n"
      );
      await writer.write(new TextEncoder().encode(lines.join("")));
      rows += batch.length;
    }
    await writer.close();
    await Deno.rename(staged, path);
  } catch (error) {
    await Deno.remove(staged);
    throw error;
  }
  return rows;
}

function toDocument(ticket: Ticket, position: number): BSON.Document {
  const document: BSON.Document = BSON.EJSON.parse(BSON.EJSON.stringify(ticket));
  if (document._id !== undefined) return document;
  return { _id: new BSON.ObjectId((position + 1).toString(16).padStart(24, "0")), ...document };
}

async function* batches(tickets: Tickets): AsyncGenerator<Ticket[]> {
  let batch: Ticket[] = [];
  for await (const ticket of tickets) {
    batch.push(ticket);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function holdsTickets(where: string): SourceError {
  return new SourceError(`There are support tickets already in ${where}`, {
    expected: "none",
    remedy: "Pass --replace to overwrite them, or set SHOPFLOW_MONGODB_URL to another place.",
  });
}
