import { checkConnectionUrl, maskUrl } from "shopflow/config/mod.ts";
import { fetchReason, knowSecrets, maskSecrets, SourceError } from "shopflow/errors/mod.ts";
import { countOf, formatDuration, type Logger } from "shopflow/runtime/mod.ts";
import { z } from "zod";
import { retryWhileLost } from "../retry.ts";

/** A page of tickets as `GET /tickets` answers. */
interface TicketPage {
  /** Tickets that there are for the question, on all pages. */
  total: number;
  offset: number;
  items: Record<string, unknown>[];
}

export interface SupportApiOptions {
  /** Sent as `x-api-key`. */
  apiKey?: string | undefined;
  log: Logger;
  /** Milliseconds for which a request is repeated in all, default 2 minutes. */
  reconnectMs?: number;
  /**
   * Whether the API was read before, so that one that cannot be found is down and not misspelt; default true. One that
   * is not known is not waited for.
   */
  isKnown?: boolean;
  /** Milliseconds before a request is made a second time, default 1 second. */
  pause?: number;
}

const pageShape = z.object({
  total: z.int().min(0),
  offset: z.int().min(0),
  items: z.array(z.record(z.string(), z.unknown())),
});

const TIMEOUT = 30_000;
const RECONNECT_MS = 120_000;
/** Request Timeout, Too Early, Too Many Requests. */
const PASSING_STATUS = [408, 425, 429];

/** An answer that may be another one later. */
class PassingFailure extends SourceError {
  constructor(
    problem: string,
    found: string,
    readonly details: { retryAfter?: number | undefined; isUnreachable?: boolean } = {},
  ) {
    const remedy = "Run the extract again later, or ask whoever runs the Support API.";
    super(problem, { found, remedy });
  }
}

/** What the runtime says when no connection was made, as opposed to one that broke. */
const UNREACHABLE = /dns error|Connection refused|tcp connect error|client error \(Connect\)|are blocked/i;

/**
 * Asks the Support API for one page. Requests that are throttled (429, honouring `Retry-After`), that fail on
 * the server (5xx) or on the way are made again with growing pauses, for `reconnectMs` in all.
 *
 * @throws {ConfigError} when its URL is malformed.
 * @throws {SourceError} when the API cannot be reached, refuses the key or answers something else than a page.
 */
export async function getTicketPage(
  url: string,
  query: Record<string, string>,
  { apiKey, log, reconnectMs = RECONNECT_MS, isKnown = true, pause = 1000 }: SupportApiOptions,
): Promise<TicketPage> {
  checkConnectionUrl(url, "SHOPFLOW_MONGODB_URL");
  knowSecrets({ url, apiKey });
  const address = new URL(url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return await retryWhileLost(
    async () => {
      const started = performance.now();
      const page = await request(address, url, apiKey);
      const { offset, items } = page;
      log.debug(
        `GET ${maskUrl(url)} at offset ${offset}: ${countOf(items.length, "ticket")} in ${
          formatDuration(performance.now() - started)
        }`,
      );
      return page;
    },
    (error, attempt) => {
      if (!(error instanceof PassingFailure)) return false;
      const { retryAfter, isUnreachable } = error.details;
      return isUnreachable && attempt === 1 && !isKnown ? false : retryAfter ?? true;
    },
    { boundMs: reconnectMs, firstWaitMs: pause, log },
  );
}

async function request(address: URL, url: string, apiKey: string | undefined): Promise<TicketPage> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      headers: { accept: "application/json", ...(apiKey && { "x-api-key": apiKey }) },
      // A redirect would hand the key to whoever it points to.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    text = await response.text();
  } catch (error) {
    const reason = fetchReason(error);
    // Without the error itself, which shows the whole address.
    throw new PassingFailure(
      `support_tickets of the Support API ${maskUrl(url)} cannot be reached`,
      reason,
      { isUnreachable: UNREACHABLE.test(reason) },
    );
  }
  const { status } = response;
  if (PASSING_STATUS.includes(status) || status >= 500) {
    const retryAfter = pauseOf(response.headers.get("retry-after"));
    const problem = `support_tickets of the Support API ${maskUrl(url)} cannot be read now`;
    throw new PassingFailure(problem, `status ${status}`, { retryAfter });
  }
  if (status === 401 || status === 403) {
    throw new SourceError(`The Support API ${maskUrl(url)} refused the key for support_tickets`, {
      found: `status ${status}`,
      remedy: "Set SHOPFLOW_SUPPORT_API_KEY to the key of the Support API.",
    });
  }
  return pageOf(text, status, url);
}

function pageOf(text: string, status: number, url: string): TicketPage {
  if (status === 200) {
    const json = jsonOf(text);
    if (json === undefined && text.startsWith("{")) {
      throw new PassingFailure(
        `support_tickets of the Support API ${maskUrl(url)} broke off in the middle of an answer`,
        `${text.length} characters that are not a whole JSON document`,
      );
    }
    const page = pageShape.safeParse(json);
    if (page.success) return page.data;
  }
  throw new SourceError(`The Support API ${maskUrl(url)} did not return support_tickets`, {
    expected: "status 200 and { total, limit, offset, items }",
    // It may show what it was sent; masked before it is cut, or a piece would stay.
    found: `status ${status} and ${JSON.stringify(maskSecrets(text).slice(0, 80))}`,
    remedy: "Correct SHOPFLOW_MONGODB_URL: it should be the address of the tickets, https://…/tickets.",
  });
}

/** Undefined for what is no JSON, which no page is. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `Retry-After` in milliseconds: it is a number of seconds or a date. */
function pauseOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(milliseconds) ? undefined : Math.max(milliseconds, 0);
}

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
 * not the same, reading starts again. Tickets that arrive at the end shift nothing and are read as well. Where a ticket
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
    `The Support API ${maskUrl(url)} returned a different page of support_tickets than requested`,
    {
      expected: `offset ${offset}`,
      found: `offset ${page.offset}`,
    },
  );
}
