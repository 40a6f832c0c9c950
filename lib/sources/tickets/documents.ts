import type { BSON, Filter } from "mongodb";
import { NO_MAPPING, type TicketMapping } from "../compare/mapping.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import { createLogger, type Logger } from "shopflow/runtime/mod.ts";
import { connectTickets, mongoError, requireTickets } from "./mongodb.ts";
import type { RowSelection } from "../source.ts";
import { readTicketFile, type TicketDocument } from "./export_file.ts";
import { readSupportApi, type SupportApiOptions } from "./support_api.ts";
import { mappedTicket, valuesOfText } from "./values.ts";

export interface ReadTicketsOptions {
  /** Which tickets; more than those may come. */
  selection?: RowSelection;
  /** Key of the Support API. */
  apiKey?: string | undefined;
  /** Milliseconds for which a request to the Support API is repeated. */
  reconnectMs?: number;
  /** Whether the Support API was read before. */
  isKnown?: boolean;
  /** What the shop calls collection and fields. */
  mapping?: TicketMapping;
  log?: Logger;
}

/** Tickets that MongoDB gives at once. */
const BATCH = 2000;

/**
 * Reads the tickets of a `mongodb:` URL, of the mongoexport file of a `file:` URL, or of the Support API of a
 * `https:` URL, with the names that ShopFlow gives their fields.
 *
 * @throws {SourceError} when they cannot be reached or a line of the file is not a document.
 */
export async function* readTickets(
  ticketsUrl: string,
  { selection = {}, mapping = NO_MAPPING.tickets!, log = createLogger(), ...retries }: ReadTicketsOptions =
    {},
): AsyncGenerator<TicketDocument> {
  const tickets = ticketsUrl.startsWith("file:")
    ? readTicketFile(ticketsUrl.slice("file:".length), log)
    : /^https?:/.test(ticketsUrl)
    ? readApi(ticketsUrl, selection, { ...retries, log })
    : readCollection(ticketsUrl, selection, mapping);
  for await (const { document, place } of tickets) yield { document: mappedTicket(document, mapping), place };
}

async function* readCollection(
  url: string,
  selection: RowSelection,
  mapping: TicketMapping,
): AsyncGenerator<TicketDocument> {
  await using connection = await connectTickets(url, mapping.collection);
  const { collection } = connection;
  try {
    await requireTickets(connection, url);
    // A ticket's _id never changes: read in its order, a ticket changed meanwhile comes once, old or new. Whole, since
    // fields that are not known have to be seen.
    const cursor = collection.find(filterOf(selection, mapping), { sort: { _id: 1 }, batchSize: BATCH });
    let hasMore = await cursor.hasNext();
    while (hasMore) {
      const documents = cursor.readBufferedDocuments();
      // The server works on the next batch while this one is encoded and written.
      const next = cursor.hasNext();
      // Whoever stops reading leaves it behind; its error is told where it is awaited.
      next.catch(() => {});
      for (const document of documents) yield { document, place: `_id ${document._id}` };
      hasMore = await next;
    }
  } catch (error) {
    throw mongoError(error, url);
  }
}

function filterOf({ since, unless, keys }: RowSelection, mapping: TicketMapping): Filter<BSON.Document> {
  const field = (name: string) => mapping.columns[name] ?? name;
  const conditions: Filter<BSON.Document>[] = [];
  if (since) {
    const from = new Date(`${since.from.replace(" ", "T")}Z`);
    // Not before, rather than after: tickets without a date, or with one as text, are among the chosen.
    conditions.push(...since.columns.map((column) => ({ [field(column)]: { $not: { $lt: from } } })));
  }
  if (unless) conditions.push({ [field(unless.column)]: { $ne: unless.value } });
  if (keys) {
    conditions.push({
      [field("ticket_id")]: { $in: keys.flatMap(([ticket]) => ticket ? valuesOfText(ticket) : null) },
    });
  }
  return conditions.length === 0 ? {} : { $or: conditions };
}

async function* readApi(
  url: string,
  { since }: RowSelection,
  options: SupportApiOptions,
): AsyncGenerator<TicketDocument> {
  const tickets = await readSupportApi(url, since?.from.slice(0, 10), options);
  for (const [index, document] of tickets.entries()) {
    yield { document, place: `item ${index} of ${maskUrl(url)}` };
  }
}
