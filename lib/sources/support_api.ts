import { maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { getTicketPage, type SupportApiOptions, type TicketPage } from "./support_api_client.ts";

/** The most tickets that the API gives at once. */
const LIMIT = 500;
/** Tickets that a page has in common with the one before it. */
const OVERLAP = 10;
/** Times that the pages are read from the beginning before they are given up on. */
const PASSES = 5;

/**
 * Reads tickets from the shop's Support API (`GET <url>?limit&offset&from_date`), ordered by created_date.
 *
 * Pages are cut by offset, so a ticket that comes or goes between two requests shifts all that follow: one would
 * be read twice, or never. Each page therefore begins with the last tickets of the page before, and when they are
 * not the same, reading begins anew. Tickets that arrive at the end shift nothing and are read as well. Where a ticket
 * comes twice, all are read again until they come in the same order.
 *
 * @param from Day (`YYYY-MM-DD`) from which on tickets were created; without it, all.
 * @throws {SourceError} when the API cannot be read, or its tickets change too fast to be paged through.
 */
export async function readSupportApi(
  url: string,
  from: string | undefined,
  options: SupportApiOptions & { limit?: number },
): Promise<Record<string, unknown>[]> {
  let before: string[] | undefined;
  for (let pass = 1; pass <= PASSES; pass++) {
    const tickets = await readPages(url, from, options);
    if (tickets !== undefined) {
      const ids = tickets.map(({ ticket_id }) => String(ticket_id));
      // Two documents of one ticket, or one that was met again where another was passed over: tickets of the same time
      // have no order that a server must keep. Only that the same comes twice tells which.
      if (new Set(ids).size === ids.length || sameTexts(ids, before)) return tickets;
      before = ids;
    }
    options.log.info(`  support_tickets of the Support API moved while they were read; pass ${pass + 1}`);
  }
  throw new SourceError(
    `support_tickets of the Support API ${maskUrl(url)} change faster than they can be read`,
    {
      expected: "pages that follow each other",
      found: `tickets that moved in each of ${PASSES} passes`,
      remedy: "Run the extract when fewer tickets are moved, or read the tickets from MongoDB.",
    },
  );
}

const sameTexts = (a: string[], b: string[] | undefined) =>
  a.length === b?.length && a.every((text, i) => text === b[i]);

/** All tickets, or undefined when they moved while they were read. */
async function readPages(
  url: string,
  from: string | undefined,
  { limit = LIMIT, ...options }: SupportApiOptions & { limit?: number },
): Promise<Record<string, unknown>[] | undefined> {
  const tickets: Record<string, unknown>[] = [];
  const overlap = Math.min(OVERLAP, limit - 1);
  while (true) {
    const known = Math.min(overlap, tickets.length);
    const offset = tickets.length - known;
    const page = await getTicketPage(url, {
      limit: String(limit),
      offset: String(offset),
      ...(from && { from_date: from }),
    }, options);
    checkOffset(page, offset, url);
    if (!continues(tickets.slice(offset), page.items)) return undefined;
    tickets.push(...page.items.slice(known));
    if (tickets.length >= page.total) return tickets.length === page.total ? tickets : undefined;
    // Fewer than promised and none new: the total was of another moment.
    if (page.items.length <= known) return undefined;
  }
}

/** Whether a page begins with the tickets that were the last ones so far. */
function continues(last: Record<string, unknown>[], items: Record<string, unknown>[]): boolean {
  return last.every((ticket, i) => items[i]?.ticket_id === ticket.ticket_id);
}

/** A server that does not know `offset` would give the first page for ever. */
function checkOffset(page: TicketPage, offset: number, url: string): void {
  if (page.offset === offset) return;
  throw new SourceError(
    `The Support API ${maskUrl(url)} gave another page of support_tickets than was asked for`,
    {
      expected: `offset ${offset}`,
      found: `offset ${page.offset}`,
    },
  );
}
